"""A testimonial that was handed in, whatever it says."""

from loyalty.services.kinds.earning.base import fixed as base
from loyalty.services.kinds.earning.base import unrated as checked

__all__ = ["TITLE", "base", "checked"]

TITLE = "Testimonial handed in"
