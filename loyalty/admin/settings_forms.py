"""The forms of a business's settings page."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, get_args

import msgspec
from babel.core import get_global
from django import forms
from django.db import transaction
from msgspec import convert
from unfold import widgets

from loyalty.admin.forms import LinesField, refuse
from loyalty.kernel import networks, periods
from loyalty.kernel.errors import DomainError
from loyalty.models import Business
from loyalty.services import businesses
from loyalty.services.kinds.sections.policies import Currency, Rate, Status

TIMEZONES = [(name, name.replace("_", " ")) for name in sorted(periods.zones())]

STATUSES = [(status, status.replace("_", " ").capitalize()) for status in get_args(Status)]


def _in_use() -> set[str]:
    """The currencies that some territory pays with today."""
    history = get_global("territory_currencies").values()
    return {code for spans in history for code, _, end, is_tender in spans if is_tender and end is None}


CURRENCIES = [(code, code) for code in sorted(_in_use())]


class BusinessForm(forms.ModelForm[Business]):
    """What every business has from its first day on."""

    timezone = forms.ChoiceField(
        choices=TIMEZONES,
        initial="UTC",
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="Days and birthdays of the programme follow it, and the times on these pages.",
    )
    currency = forms.ChoiceField(
        choices=CURRENCIES,
        initial="EUR",
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="For amounts of money that name no currency of their own.",
    )

    class Meta:
        help_texts = {"contact_email": "Where we write when something needs your eye. Empty: to the owners."}


class RatesField(LinesField):
    """What other currencies are worth: `USD 0.92`, one a line."""

    def prepare_value(self, value: str | Mapping[str, str] | Iterable[str] | None) -> str:
        lines = [f"{code} {rate}" for code, rate in value.items()] if isinstance(value, Mapping) else value
        return super().prepare_value(lines)


class SettingsForm(BusinessForm):
    qualifying_statuses = forms.MultipleChoiceField(
        label="Orders earn when they are",
        choices=STATUSES,
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="The first of these that an order comes to counts, or whatever comes after it.",
    )
    rates = RatesField(
        label="Other currencies",
        required=False,
        help_text="What one of another currency is worth in yours, such as USD 0.92: one a line. Rules pay nothing "
        "for orders in a currency that is neither theirs nor here.",
    )
    users_on_first_event = forms.BooleanField(
        label="Users join by their first event",
        required=False,
        widget=widgets.UnfoldBooleanSwitchWidget,
        help_text="Off: an event of somebody whom the programme does not know is refused.",
    )
    ip_allowlist = LinesField(
        label="IP allowlist",
        required=False,
        help_text="Where calls with an integration key (ik_…) may come from: one address or range a line, "
        "such as 203.0.113.7 or 203.0.113.0/24. Empty: from nowhere.",
    )
    allowed_origins = LinesField(
        required=False,
        help_text="Web pages that may show the widget and sign their visitors in: one a line, "
        "such as https://shop.example.",
    )

    def clean_domain(self) -> str | None:
        named = self.cleaned_data["domain"]
        return networks.domain(named) if named else None

    def clean_rates(self) -> dict[str, str]:
        lines = networks.each(_rate, self.cleaned_data["rates"])
        return dict(line.split() for line in lines)

    def clean_ip_allowlist(self) -> list[str]:
        return networks.each(networks.network, self.cleaned_data["ip_allowlist"])

    def clean_allowed_origins(self) -> list[str]:
        return networks.each(networks.origin, self.cleaned_data["allowed_origins"])


def _rate(line: str) -> str:
    """A rate as it is spelled.

    :raises ValidationError: if it is none
    """
    code, _, rate = line.partition(" ")
    try:
        convert({code: rate.strip()}, dict[Currency, Rate])
    except msgspec.ValidationError as error:
        raise forms.ValidationError(f"“{line}” is no rate. Write one like USD 0.92.") from error
    if Fraction(rate) == 0:
        raise forms.ValidationError(f"“{line}”: a currency is worth more than nothing.")
    return f"{code} {rate.strip()}"


class OpenForm(BusinessForm):
    """Opens a business with its sandbox once everything else is in order, so that a taken slug is said beside it."""

    has_starter_tiers = forms.BooleanField(
        label="Start with three tiers",
        required=False,
        initial=True,
        widget=widgets.UnfoldBooleanSwitchWidget,
        help_text="Bronze from 0, silver from 1,000 and gold from 5,000 lifetime points.",
    )

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # a model form's last step of validation
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self._open(self.cleaned_data)
        except DomainError as error:
            refuse(self, error)

    def _open(self, given: dict[str, Any]) -> Business:
        named = {name: given[name] for name in ("name", "slug", "timezone", "currency", "contact_email")}
        business = businesses.open_business(plan=given["plan"].pk, **named)
        if given["has_starter_tiers"]:
            for each in (business, business.sandbox):
                businesses.load_starter_tiers(business=each)
        return business


class ClockForm(forms.Form):
    to = forms.SplitDateTimeField(
        label="New time",
        widget=widgets.UnfoldAdminSplitDateTimeWidget,
        help_text="On the business's clocks, and later than its time now.",
    )
