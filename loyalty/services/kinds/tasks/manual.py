"""Done when the merchant's backend or an operator says so."""

from loyalty.services.kinds.tasks.base import at_a_word as checked

__all__ = ["BY_CALL", "TAKES_PROOF", "TITLE", "checked"]

TITLE = "By hand"
BY_CALL = True
TAKES_PROOF = False
