"""A friend came, and did what the referral programme asks. It counts each friend once."""

from loyalty.services.kinds.earning.base import each_time as checked
from loyalty.services.kinds.earning.base import fixed as base

__all__ = ["TITLE", "base", "checked"]

TITLE = "Friend who came"
