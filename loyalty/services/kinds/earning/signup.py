"""Joining the programme: once."""

from functools import partial

from loyalty.services.earn_terms import Limit
from loyalty.services.kinds.earning.base import fixed as base
from loyalty.services.kinds.earning.base import never_more_than

__all__ = ["TITLE", "base", "checked"]

TITLE = "Sign-up"

checked = partial(never_more_than, Limit(times=1))
