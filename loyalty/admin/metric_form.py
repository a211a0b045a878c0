"""The form of a metric: its bounds, and how its points expire."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from unfold import widgets

from loyalty.admin.forms import TenantForm, spelled
from loyalty.kernel import points
from loyalty.services.kinds.sections.metrics import MOST_DAYS, MOST_MONTHS, PICTURE

KEY_TAKEN = {NON_FIELD_ERRORS: {"unique_together": "This key is taken. Choose another one."}}
KEY_HELP = "Its name for the API: small letters, digits, hyphens. It stays as it is."
EXPIRY = ("expiry_basis", "expiry_months", "expiry_days", "warn_days")
MOST_WARNINGS, LONGEST_NOTICE = 5, 365


class Amount(forms.IntegerField):
    """A whole number that every balance can hold."""

    widget = widgets.UnfoldAdminIntegerFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=points.MAX_BALANCE, **kwargs)


class Count(forms.IntegerField):
    """So many months or days: none, where nothing is given."""

    widget = widgets.UnfoldAdminIntegerFieldWidget

    def __init__(self, most: int, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=most, required=False, initial=0, **kwargs)

    def clean(self, value: Any) -> int:
        return super().clean(value) or 0


class Days(forms.CharField):
    """Numbers of days with commas between: `30, 7`."""

    widget = widgets.UnfoldAdminTextInputWidget

    def prepare_value(self, value: str | Sequence[int] | None) -> str:
        return value if isinstance(value, str) else ", ".join(map(str, value or ()))

    def to_python(self, value: str | None) -> list[int]:  # type: ignore[override]  # a list of numbers
        parts = [part.strip() for part in (value or "").split(",") if part.strip()]
        if not all(part.isdecimal() and 1 <= int(part[:9]) <= LONGEST_NOTICE for part in parts):
            raise forms.ValidationError(f"Give days from 1 to {LONGEST_NOTICE} with commas between, such as 30, 7.")
        days = sorted({int(part) for part in parts}, reverse=True)
        if len(days) > MOST_WARNINGS:
            raise forms.ValidationError(f"Nobody is warned more than {MOST_WARNINGS} times.")
        return days

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != self.prepare_value(data)


class MetricForm(TenantForm):
    default_value = Amount(
        label="Newcomers start with",
        required=False,
        help_text="Empty: the minimum. Who is here already keeps what they have.",
    )
    minimum = Amount(initial=0, help_text="Nothing takes a balance below it: no spending, no expiry.")
    maximum = Amount(
        required=False,
        help_text="What rules, quests and referrals give stops here; other awards beyond are refused. "
        "Empty: no bound.",
    )
    expiry_months = Count(MOST_MONTHS, label="After months")
    expiry_days = Count(MOST_DAYS, label="and days", help_text="At the end of the day, on the programme's clock.")
    warn_days = Days(
        label="Warned before",
        required=False,
        help_text="How many days before: 30, 7. Nothing expires unwarned then. Empty: nobody is warned.",
    )

    class Meta:
        labels = {"media": "Picture", "expiry_basis": "What expires"}
        help_texts = {
            "key": KEY_HELP,
            "media": "Where its picture is: https://…",
            "title": "As people read it: “Points”, “Stars”.",
            "expiry_basis": "What people have keeps the day that it has when you change this.",
        }
        error_messages = KEY_TAKEN

    def clean_key(self) -> str:
        return spelled(self.cleaned_data["key"])

    def clean_media(self) -> str:
        address: str = self.cleaned_data["media"]
        if address and not re.fullmatch(PICTURE, address):
            raise forms.ValidationError("Give an address that begins with https://.")
        return address

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        self._clean_bounds(given)
        if not given.get("expiry_basis"):
            given |= {"expiry_months": 0, "expiry_days": 0, "warn_days": []}
        elif not given.get("expiry_months") and not given.get("expiry_days"):
            self.add_error("expiry_months", "Say after how many months or days.")
        return given

    def _clean_bounds(self, given: dict[str, Any]) -> None:
        lowest, highest = given.get("minimum") or 0, given.get("maximum")
        start = given.get("default_value")
        given["default_value"] = lowest if start is None else start
        if highest is not None and highest <= lowest:
            self.add_error("maximum", "It must be above the minimum.")
        elif not lowest <= given["default_value"] <= (points.MAX_BALANCE if highest is None else highest):
            self.add_error("default_value", "It must lie between the minimum and the maximum.")
