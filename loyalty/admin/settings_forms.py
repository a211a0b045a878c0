"""The forms of a business's settings page."""

from typing import Any

from babel.core import get_global
from django import forms
from django.db import transaction
from unfold import widgets

from loyalty.admin.forms import LinesField, refuse
from loyalty.kernel import networks, periods
from loyalty.kernel.errors import DomainError
from loyalty.models import Business
from loyalty.services import businesses

TIMEZONES = [(name, name.replace("_", " ")) for name in sorted(periods.zones())]


def _in_use() -> set[str]:
    """The currencies that some territory pays with today."""
    history = get_global("territory_currencies").values()
    return {code for spans in history for code, _, end, is_tender in spans if is_tender and end is None}


CURRENCIES = [(code, code) for code in sorted(_in_use())]


class SettingsForm(forms.ModelForm[Business]):
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

    def clean_ip_allowlist(self) -> list[str]:
        return networks.each(networks.network, self.cleaned_data["ip_allowlist"])

    def clean_allowed_origins(self) -> list[str]:
        return networks.each(networks.origin, self.cleaned_data["allowed_origins"])


class OpenForm(SettingsForm):
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
