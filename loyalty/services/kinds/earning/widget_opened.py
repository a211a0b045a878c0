"""Opening the widget: once a day, unless the rule says how often."""

from functools import partial

from loyalty.services.earn_terms import Limit
from loyalty.services.kinds.earning.base import fixed as base
from loyalty.services.kinds.earning.base import limited

__all__ = ["TITLE", "base", "checked"]

TITLE = "Widget opened"

checked = partial(limited, Limit(times=1, period="daily"))
