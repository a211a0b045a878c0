"""Done when an operator has approved what the advocate handed in, or the merchant's backend says so."""

from loyalty.services.kinds.tasks.base import at_a_word as checked

__all__ = ["BY_CALL", "TAKES_PROOF", "TITLE", "checked"]

TITLE = "Proof"
BY_CALL = True
TAKES_PROOF = True
