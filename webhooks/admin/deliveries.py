"""Deliveries with all their attempts: to look at, and to try again."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from loyalty.admin import buttons, links, look, panels, scope
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.panels import Panel
from loyalty.kernel.errors import DomainError
from loyalty.services import bodies
from webhooks.models import Delivery, Endpoint
from webhooks.services import deliveries, signing

Status = Delivery.Status
COLOURS = {Status.DELIVERED: "success", Status.PENDING: "info", Status.FAILED: "danger"}
SHOWN = 5  # on an endpoint's page
SEALED = "It may hold the links of gift cards, and is not shown."

WHEN = look.moment_of("created_at", "When")
WHERE = look.column("Endpoint", lambda row: look.link(row.endpoint, links.url_of(row.endpoint)))
FACTS = (
    look.column("Topic", lambda row: row.topic),
    look.column("State", lambda row: look.state(row.get_status_display(), COLOURS.get(Status(row.status), ""))),
    look.column("Attempts", lambda row: row.attempts_made),
    look.column("Next attempt", lambda row: look.moment(row.next_attempt_at)),
    look.column("Number", lambda row: row.sequence),
)
MESSAGE = look.column("Message id", lambda row: look.code(bodies.public_id(row.message_id)))
BODY = look.column("Body", lambda row: SEALED if row.reply_sealed else look.pretty(body(row)))


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = (WHEN, WHERE, *FACTS)
    list_select_related = ("endpoint",)
    list_filter = ("status", "endpoint")
    ordering = ("-created_at",)
    sortable_by = ()
    shown = ((None, (WHERE, *FACTS, WHEN, MESSAGE, BODY)),)
    actions = ("retry_all",)
    actions_detail = ("retry",)
    when_empty = "What is sent to your webhooks shows here, with every answer."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "endpoint").defer("example", "reply_sealed")

    def panels(self, request: HttpRequest, delivery: Delivery) -> Sequence[Panel]:
        rows = [
            [
                attempt.number,
                look.moment(attempt.at),
                attempt.status or look.NOTHING,
                f"{attempt.duration_ms:,} ms",
                look.prose(attempt.error),
                look.folded(attempt.answer),
            ]
            for attempt in delivery.attempts.order_by("-number")
        ]
        headers = ("Number", "When", "Status", "Took", "What went wrong", "What it said")
        return (Panel("Attempts", headers, rows, empty="Not tried yet, or longer than 30 days ago."),)

    @buttons.button("Try again now", icon="replay")
    def retry(self, request: HttpRequest, delivery: Delivery) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            deliveries.retry(business=delivery.business, delivery_id=delivery.pk)
            return "It is tried again now."

        return buttons.ask(self, request, delivery, title="Try this delivery again?", submit="Try again", act=act)

    @admin.action(description="Try the chosen deliveries again", permissions=["act"])
    def retry_all(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        tried = 0
        for delivery in queryset:
            try:
                deliveries.retry(business=delivery.business, delivery_id=delivery.pk)
            except DomainError as error:
                messages.error(request, f"{delivery}: {error.message}")
            else:
                self.log_change(request, delivery, "Tried again.")
                tried += 1
        messages.success(request, f"{tried} are tried again now.")


def body(delivery: Delivery) -> Any:
    """What is sent: the event's published body, or the example, in the words of the endpoint's profile."""
    published = getattr(delivery.event, "body", None) if delivery.event else None
    raw = published.body if published else delivery.example
    profile = signing.PROFILES[delivery.endpoint.signature_profile]
    if raw and signing.carries(profile, delivery.topic):
        raw = profile.body_of(bytes(raw))
    return orjson.loads(bytes(raw)) if raw else None


def latest(request: HttpRequest, endpoint: Endpoint) -> Panel:
    """An endpoint's latest deliveries, on its page."""
    rows = scope.own(Delivery, request).filter(endpoint=endpoint).order_by("-sequence")[:SHOWN]
    return panels.table(
        "Latest deliveries",
        (look.column("When", lambda row: look.link(WHEN(row), links.url_of(row))), *FACTS),
        rows,
        empty="Nothing was sent yet.",
        more_url=links.list_url(Delivery, endpoint__id__exact=endpoint.pk),
    )
