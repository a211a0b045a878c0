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


def tier_named(business: Business, key: str) -> "QuerySet[Milestone]":
    """The tier with this key, or none."""
    return Milestone.objects.for_business(business).filter(set__is_tier=True, key=key)


def tiers_of(business: Business) -> list[Tier]:
    """The ladder, lowest first; empty when the programme has no tiers."""
    rows = (
        Milestone.objects.for_business(business)
        .filter(set__is_tier=True, set__archived_at=None, archived_at=None)
        .order_by("threshold")
        .values_list("id", "key", "title", "threshold", "set__metric__key")
    )
    return [Tier(*row) for row in rows]
