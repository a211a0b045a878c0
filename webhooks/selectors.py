"""Endpoints and what was sent to them, as lists show them; and in published events."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from loyalty.models import Business, Event
from webhooks import events
from webhooks.models import Attempt, Delivery, Endpoint


def deliveries_of(endpoint: Endpoint, *, status: str | None = None) -> "QuerySet[Delivery]":
    """An endpoint's deliveries with their attempts; page them by `-sequence`."""
    rows = Delivery.objects.for_business(endpoint.business).filter(endpoint=endpoint)
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
