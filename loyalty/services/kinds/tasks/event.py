"""Done when events have said so often enough, and in no other way."""

from loyalty.services.kinds.tasks.base import on_events as checked

__all__ = ["BY_CALL", "TAKES_PROOF", "TITLE", "checked"]

TITLE = "Event"
BY_CALL = False
TAKES_PROOF = False
