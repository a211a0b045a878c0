"""Codes, and what each has brought."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold import widgets

from advocates.models import Advocate
from loyalty.admin import links, look, panels
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.filters import OfPerson
from loyalty.admin.forms import ServiceForm
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel.errors import NotFound
from loyalty.kernel.money import money_text
from referrals.models import Click, Conversion, ReferralCode
from referrals.selectors import counters
from referrals.selectors import links as addresses
from referrals.services import codes

SHOWN = 5


class OfAdvocate(OfPerson):
    parameter_name = "advocate"
    field = "advocate_id"


class CodeForm(ServiceForm):
    person = forms.CharField(
        label="For whom",
        max_length=254,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="The e-mail address of an advocate, or your shop's own id of them.",
    )
    chosen = forms.CharField(
        label="Code",
        required=False,
        max_length=40,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="As in ADA-1815. Empty: one is made up, which nobody guesses.",
    )

    renamed = {"code": "chosen", "advocate_id": "person"}

    class Meta:
        model = ReferralCode
        fields = ()

    def write(self) -> ReferralCode:
        person = self.cleaned_data["person"].strip()
        people = Advocate.objects.for_business(self.business)
        found = people.with_email(person).first() or people.filter(external_id=person).first()
        if found is None:
            raise NotFound("advocate", field="advocateId")
        return codes.create(business=self.business, advocate_id=found.pk, code=self.cleaned_data["chosen"] or None)


WHOSE = look.column("Advocate", lambda row: look.link(row.advocate, links.url_of(row.advocate)))
COUNTED = (
    look.column("Clicks", lambda row: look.points(row.clicks)),
    look.column("Conversions", lambda row: look.points(row.tally.conversions)),
    look.column("Revenue", lambda row: money(row.tally.revenue_minor, row.business.currency)),
)
MADE = look.moment_of("created_at", "Made")
LINK = look.column("Link", lambda row: look.code(addresses.url_of(row)))
KIND = look.column("Kind", lambda row: look.state("Default", "primary") if row.is_default else look.NOTHING)


@admin.register(ReferralCode)
class ReferralCodeAdmin(ServiceAdmin):
    form = CodeForm
    may_change = False
    list_display = ("code", WHOSE, *COUNTED, KIND, MADE)
    view_fields = ("code", LINK, WHOSE, KIND, MADE)
    add_fieldsets = ((None, {"fields": ("person", "chosen")}),)
    when_empty = "A code is what people send their friends. Your shop makes them by API, or you do here."
    list_select_related = ("advocate", "business")
    list_filter = (OfAdvocate,)
    search_fields = ("code",)
    search_help_text = "A part of a code"
    ordering = ("-created_at",)
    sortable_by = ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "advocate")

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        if rows:
            tallies = counters.tallies(rows[0].business, [row.pk for row in rows])
            for row in rows:
                row.tally = tallies[row.pk]

    def summary(self, request: HttpRequest, code: ReferralCode) -> Sequence[Figure]:
        found = counters.stats(code, business=code.business, since=None, until=None)
        return (
            Figure("Clicks", look.points(found.clicks), f"{look.points(found.unique_visitors)} visitors, day by day"),
            Figure("Conversions", look.points(found.conversions)),
            Figure("Revenue", money(found.revenue_minor, code.business.currency)),
            Figure("Held", look.points(found.pending)),
            Figure("Rejected", look.points(found.rejected)),
        )

    def panels(self, request: HttpRequest, code: ReferralCode) -> Sequence[Panel]:
        visits = Click.objects.for_business(code.business).filter(code=code).order_by("-created_at")[:SHOWN]
        orders = Conversion.objects.for_business(code.business).filter(code=code).order_by("-created_at")[:SHOWN]
        return (
            panels.table("Latest visits", VISITS, visits, empty="Nobody has used this code yet."),
            panels.table("Latest orders", ORDERS, orders, empty="No friend has ordered yet."),
        )


VISITS = (
    look.column("Day", lambda row: f"{row.day.day} {row.day:%b %Y}"),
    look.column("Times", lambda row: look.points(row.hits)),
    look.column("Page", lambda row: row.landing or "By the link"),
)
ORDERS = (
    look.column("When", lambda row: look.link(look.moment(row.created_at), links.url_of(row))),
    look.column("Order", lambda row: row.order_id),
    look.column("Worth", lambda row: money(row.order_minor, row.currency)),
    look.column("State", lambda row: row.get_status_display()),
)


def money(minor: int, currency: str) -> str:
    return f"{money_text(minor, currency)} {currency}"


def codes_of(request: HttpRequest, advocate: Advocate) -> Panel:
    """A person's codes, on their page."""
    rows = ReferralCode.objects.for_business(advocate.business).filter(advocate=advocate).order_by("-created_at")
    return panels.table(
        "Referral codes",
        (look.column("Code", lambda row: look.link(row.code, links.url_of(row))), LINK, COUNTED[0], MADE),
        rows[:SHOWN],
        empty="No code yet.",
        more_url=links.list_url(ReferralCode, advocate=advocate.pk),
    )


panels.add("advocates.Advocate", codes_of)
