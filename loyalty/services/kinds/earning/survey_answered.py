"""A survey that was answered, whatever the answers."""

from loyalty.services.kinds.earning.base import fixed as base
from loyalty.services.kinds.earning.base import unrated as checked

__all__ = ["TITLE", "base", "checked"]

TITLE = "Survey answered"
