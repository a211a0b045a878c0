"""Redemptions in published events: one query for a page of events, however long it is."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from loyalty.models import Business, Event
from rewards import events
from rewards.models import Redemption

Described = Mapping[UUID, Mapping[str, Any]]


def describe_redeemed_points(business: Business, page: Sequence[Event]) -> Described:
    return {event.pk: events.sold(redemption, event=event) for event, redemption in _told_of(business, page)}


def describe_redemptions(business: Business, page: Sequence[Event]) -> Described:
    return {event.pk: events.redemption(redemption, event=event) for event, redemption in _told_of(business, page)}


def _told_of(business: Business, page: Sequence[Event]) -> list[tuple[Event, Redemption]]:
    """Each event that names a redemption, with it."""
    named = [(event, UUID(event.facts["redemptionId"])) for event in page if "redemptionId" in event.facts]
    rows = Redemption.objects.for_business(business).select_related("reward")
    found = rows.in_bulk([id for _, id in named])
    return [(event, found[id]) for event, id in named if id in found]
