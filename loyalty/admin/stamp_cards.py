"""Stamp cards in the dashboard: whether they give stamps, what their slots bring, and to whom they have brought it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty.admin import look, panels, people
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.panels import Figure, Panel
from loyalty.admin.stamp_card_form import StampCardForm
from loyalty.models import StampCard, StampReward

Status = StampCard.Status
SHOWN = 20  # of what stamps have brought


def state(card: StampCard) -> object:
    if card.archived_at:
        return look.state("Archived")
    return look.state(card.get_status_display(), "success" if card.status == Status.ACTIVE else "warning")


def gives(card: StampCard) -> str:
    said = card.stamp
    minimum = f", from {said['minSpend']} {said['currency']}" if said["currency"] else ""
    return f"A stamp for each {said['per']}{minimum}"


STATE = look.column("State", state, order="status")
GIVES = look.column("Gives", gives)
TERMS: tuple[Any, ...] = (
    GIVES,
    look.column("Of what", lambda card: look.pretty({name: said for name, said in card.stamp.items() if said})),
    look.column("What slots bring", lambda card: look.pretty(card.rewards)),
)


@admin.register(StampCard)
class StampCardAdmin(ServiceAdmin):
    form = StampCardForm
    list_display = (
        "title",
        STATE,
        look.column("Slots", lambda card: look.points(card.slots)),
        look.column("Brings something at", lambda card: ", ".join(str(each["slot"]) for each in card.rewards)),
        GIVES,
        look.column("Version", lambda card: card.version),
    )
    list_filter = ("status",)
    search_fields = ("title", "key")
    ordering = ("key",)
    when_empty = "A card gives a stamp for each order, or for each piece. Add one here, or write it in the programme."
    fieldsets = (
        (None, {"fields": ("title", "key", "status")}),
        ("The card", {"fields": ("slots", "prefilled", "rewards")}),
        ("What gives a stamp", {"fields": ("per", "min_spend", "cooldown_hours", "more")}),
    )
    view_fields = ("title", STATE, "key", *TERMS)

    def get_readonly_fields(self, request: HttpRequest, obj: StampCard | None = None) -> Any:
        return ("key",) if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is archived comes back by the programme alone."""
        is_gone = isinstance(obj, StampCard) and obj.archived_at is not None
        return not is_gone and super().has_change_permission(request, obj)

    def summary(self, request: HttpRequest, card: StampCard) -> Sequence[Figure]:
        hours = card.cooldown_hours
        return (
            Figure("State", state(card), gives(card)),
            Figure("Slots", look.points(card.slots), f"{card.prefilled} stamped from the start"),
            Figure("Between two stamps", f"{hours} hours" if hours else "No wait"),
        )

    def panels(self, request: HttpRequest, card: StampCard) -> Sequence[Panel]:
        rows = StampReward.objects.for_business(card.business).filter(card=card)
        return [_brought(request, rows.order_by("-created_at"))]


def _brought(request: HttpRequest, rows: QuerySet[StampReward]) -> Panel:
    shown = list(rows[:SHOWN])
    named = people.of(request, {row.account_id for row in shown})
    columns = (
        look.moment_of("created_at", "When"),
        look.column("Who", lambda row: look.person(named.get(row.account_id))),
        look.column("Slot", lambda row: row.slot),
        look.column("Stamp of theirs", lambda row: row.stamp),
        look.column("Given", lambda row: look.state(row.refusal, "danger") if row.refusal else "Yes"),
    )
    return panels.table("What it has brought", columns, shown, empty="Nobody has come that far yet.")
