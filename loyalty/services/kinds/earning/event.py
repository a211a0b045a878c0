"""An event of the programme's own, or any other that has no rules of its own here."""

from loyalty.services.kinds.earning.base import each_time as checked
from loyalty.services.kinds.earning.base import fixed as base

__all__ = ["TITLE", "base", "checked"]

TITLE = "Event"
