"""The tiers of a programme."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from loyalty.models import Business, Milestone


@dataclass(frozen=True, slots=True)
class Tier:
    id: UUID
    key: str
    title: str
    threshold: int
    metric: str


def live_tiers(business: Business) -> "QuerySet[Milestone]":
    """The tiers that the programme has now. What is archived stays a set of tiers, and keeps its keys."""
    return Milestone.objects.for_business(business).filter(set__is_tier=True, set__archived_at=None, archived_at=None)


def tier_named(business: Business, key: str) -> "QuerySet[Milestone]":
    """The tier with this key, or none."""
    return live_tiers(business).filter(key=key)


def tiers_of(business: Business) -> list[Tier]:
    """The ladder, lowest first; empty when the programme has no tiers."""
    rows = live_tiers(business).order_by("threshold")
    return [Tier(*row) for row in rows.values_list("id", "key", "title", "threshold", "set__metric__key")]
