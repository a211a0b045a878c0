"""What was redeemed: to look at, and to cancel."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold import widgets

from advocates.models import Advocate
from loyalty.admin import buttons, links, look, panels
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import OfPerson, When
from loyalty.admin.panels import Panel
from rewards.models import Redemption
from rewards.selectors import redemptions as history
from rewards.services import kinds, redemptions

Status = Redemption.Status
COLOURS = {
    Status.ISSUED: "success",
    Status.PENDING_APPROVAL: "warning",
    Status.PENDING_ACKNOWLEDGEMENT: "warning",
    Status.CANCELLED: "danger",
}
SHOWN = 5  # on a person's page


class CancelForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="It is kept with the redemption, and sent to your webhooks.",
    )


class OfAdvocate(OfPerson):
    parameter_name = "advocate"
    field = "advocate_id"


def worth(redemption: Redemption) -> str:
    """What was sold, as it was then."""
    terms = redemption.terms
    title = kinds.KINDS[terms["type"]].TITLE
    if terms.get("value") is None:
        return title
    return f"{title}: {terms['value']} {terms.get('currency') or '%'}"


WHEN = look.moment_of("created_at", "When")
FACTS = (
    look.column("Reward", lambda row: look.link(row.reward.name, links.url_of(row.reward))),
    look.column("Points", lambda row: look.points(row.points)),
    look.column("Coupon", lambda row: look.code(row.coupon_code) if row.coupon_code else look.NOTHING),
    look.column("State", lambda row: look.state(row.get_status_display(), COLOURS.get(Status(row.status), ""))),
)
WHOSE = look.column("Advocate", lambda row: look.link(row.advocate, links.url_of(row.advocate)))
MORE = (
    look.column("Pieces", lambda row: row.quantity),
    look.column("Worth", worth),
    look.column("Reason", lambda row: row.reason or look.NOTHING),
    look.moment_of("expires_at", "Expires"),
    look.moment_of("updated_at", "Last change"),
    look.column("Id", lambda row: look.code(row.pk)),
)


@admin.register(Redemption)
class RedemptionAdmin(ReadOnlyAdmin):
    list_display = (WHEN, WHOSE, *FACTS)
    list_select_related = ("advocate", "reward")
    list_filter = (OfAdvocate, "status", "reward", ("created_at", When))
    search_fields = ("coupon_code",)
    search_help_text = "A whole coupon code"
    ordering = ("-created_at",)
    sortable_by = ()
    shown = ((None, (WHOSE, *FACTS, WHEN, *MORE)),)
    actions_detail = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "advocate", "reward")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip().upper()
        return (queryset.filter(coupon_code=term) if term else queryset), False

    def offers(self, request: HttpRequest, button: str, redemption: Redemption) -> bool:
        return redemption.status in Redemption.OPEN

    @buttons.button("Cancel", icon="undo", danger=True)
    def cancel(self, request: HttpRequest, redemption: Redemption) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            redemptions.cancel(business=redemption.business, redemption_id=redemption.pk, reason=answer["reason"])
            return f"Cancelled: {redemption.points:,} points are back, with their own expiry."

        return buttons.ask(
            self,
            request,
            redemption,
            title="Cancel this redemption?",
            text="The points go back to where they came from, and the pieces into stock. The coupon is void: make "
            "sure that your shop does not take it any more.",
            submit="Cancel it",
            form=CancelForm,
            danger=True,
            act=act,
        )


def redeemed_by(request: HttpRequest, advocate: Advocate) -> Panel:
    """A person's latest redemptions, on their page."""
    return panels.table(
        "Latest redemptions",
        (look.column("When", lambda row: look.link(WHEN(row), links.url_of(row))), *FACTS),
        history.redemptions_of(business=advocate.business, advocate_id=advocate.pk)[:SHOWN],
        empty="Nothing redeemed yet.",
        more_url=links.list_url(Redemption, advocate=advocate.pk),
    )


panels.add("advocates.Advocate", redeemed_by)
