"""What people earn points for: one module per trigger with rules of its own, all with the same names.

How to add a kind: write `loyalty/services/kinds/earning/<trigger>.py` with the names of `Kind`, and add it to `KINDS`
below and its row to `docs/rules/earning.md`; a kind without a row fails in `tests/loyalty/test_earn_kinds.py`.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Protocol

from loyalty.services.earn_terms import Terms
from loyalty.services.kinds.earning import (
    birthday,
    event,
    file_uploaded,
    newsletter,
    order_paid,
    page_visit,
    referral_converted,
    signup,
    social_visit,
    survey_answered,
    testimonial_approved,
    testimonial_submitted,
    widget_opened,
)
from loyalty.services.kinds.earning.base import Rates


class Kind(Protocol):
    TITLE: str  # for people

    def checked(self, terms: Terms) -> Terms:
        """The terms as they are kept, with the limit that this kind has by itself.

        :raises Invalid: naming the field that means nothing here
        """

    def base(self, terms: Terms, facts: Mapping[str, Any], rates: Rates) -> Fraction | str:
        """What it is worth before anything multiplies it, exactly; or the code of the reason why nothing."""


KINDS: Mapping[str, Kind] = {
    "signup": signup,
    "order_paid": order_paid,
    "testimonial_submitted": testimonial_submitted,
    "testimonial_approved": testimonial_approved,
    "survey_answered": survey_answered,
    "referral_converted": referral_converted,
    "birthday": birthday,
    "widget_opened": widget_opened,
    "social_visit": social_visit,
    "page_visit": page_visit,
    "newsletter": newsletter,
    "file_uploaded": file_uploaded,
}


def kind_of(trigger: str) -> Kind:
    """The kind of a trigger. Whatever has no rules of its own is an event like any other."""
    return KINDS.get(trigger, event)
