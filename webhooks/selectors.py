"""Endpoints and what was sent to them, as lists show them; and in published events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Prefetch, QuerySet

from loyalty.kernel import clock
from loyalty.models import Business, Event
from webhooks import events
from webhooks.models import Attempt, Delivery, Endpoint

OVERDUE_AFTER = timedelta(minutes=10)
COUNTED = 10_000  # who is looking wants to know how bad it is, not to count a million rows


@dataclass(frozen=True, slots=True)
class Overdue:
    """Deliveries that should have been tried ten minutes ago: `count` stops at ten thousand."""

    count: int
    endpoints: int
    since: datetime | None


def overdue(endpoint: Endpoint | None = None) -> Overdue:
    """What is stuck, of everybody or of one endpoint; also what waits behind the trials of a failing one."""
    rows = Delivery.objects.filter(
        status=Delivery.Status.PENDING, next_attempt_at__lt=clock.wall() - OVERDUE_AFTER, endpoint__status="active"
    )
    if endpoint is not None:
        rows = rows.filter(endpoint=endpoint)
    some = Delivery.objects.filter(pk__in=rows.values("pk")[:COUNTED])
    found = some.aggregate(count=Count("pk"), endpoints=Count("endpoint", distinct=True), since=Min("next_attempt_at"))
    return Overdue(**found)


def deliveries_of(endpoint: Endpoint, *, status: str | None = None) -> "QuerySet[Delivery]":
    """An endpoint's deliveries with their attempts; page them by `-sequence`."""
    rows = Delivery.objects.for_business(endpoint.business).filter(endpoint=endpoint).defer("example", "reply_sealed")
    if status is not None:
        rows = rows.filter(status=status)
    return rows.prefetch_related(Prefetch("attempts", Attempt.objects.order_by("number")))


def describe_disabled(business: Business, page: Sequence[Event]) -> Mapping[UUID, Mapping[str, Any]]:
    """The data of `endpoints/disabled`, one query a page."""
    rows = Endpoint.objects.for_business(business)
    known = rows.in_bulk([UUID(event.facts["endpointId"]) for event in page])
    return {event.pk: _described(event.facts, known) for event in page}


def _described(facts: Mapping[str, str], known: Mapping[UUID, Endpoint]) -> dict[str, Any]:
    endpoint_id = facts["endpointId"]
    return events.description(known.get(UUID(endpoint_id)), endpoint_id=endpoint_id, reason=facts["reason"])
