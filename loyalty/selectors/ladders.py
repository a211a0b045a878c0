"""Where people stand on the ladders of a programme, how far it is to the next step, and why they moved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from loyalty.models import Business, Event

MOVES = ("customers/tier_changed", "customers/milestone_changed")


@dataclass(frozen=True, slots=True)
class Place:
    """One ladder of somebody: `value` is what counts on it."""

    set: str
    title: str
    is_tier: bool
    is_manual: bool
    basis: str
    value: int
    milestone: str | None
    milestone_title: str | None
    next: str | None
    next_title: str | None
    next_threshold: int | None
    period_from: datetime | None
    period_to: datetime | None


PLACES = """
    SELECT s.key, s.title, l.is_tier, l.is_manual, l.basis, l.value, h.key, h.title, n.key, n.title,
        n.threshold, l.period_from, l.period_to
    FROM laurel_ladders(%s) l
    JOIN loyalty_milestoneset s ON s.id = l.set_id
    LEFT JOIN loyalty_milestone h ON h.id = l.held_id
    LEFT JOIN LATERAL (SELECT m.key, m.title, m.threshold FROM loyalty_milestone m
        WHERE m.set_id = l.set_id AND m.archived_at IS NULL AND m.threshold > coalesce(h.threshold, -1)
        ORDER BY m.threshold LIMIT 1) n ON true
    WHERE s.business_id = %s ORDER BY s.key
"""


def places(*, business: Business, account_id: UUID) -> list[Place]:
    """Every ladder of somebody, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(PLACES, [account_id, business.pk])
        return [Place(*row) for row in cursor.fetchall()]


def milestones(*, business: Business, account_id: UUID) -> Mapping[str, str | None]:
    """The step that somebody stands on in each ladder."""
    return {place.set: place.milestone for place in places(business=business, account_id=account_id)}


def moves(*, business: Business, account_id: UUID) -> "QuerySet[Event]":
    """The events that tell of somebody's moves, the latest first. Their facts say why."""
    return Event.objects.for_business(business).filter(account_id=account_id, topic__in=MOVES).order_by("-sequence")
