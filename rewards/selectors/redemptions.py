"""Redemptions, as pages and lists show them."""

from uuid import UUID

from django.db.models import QuerySet

from loyalty.models import Business
from rewards.models import Redemption


def redemptions_of(*, business: Business, advocate_id: UUID) -> "QuerySet[Redemption]":
    """What one person has redeemed, with the rewards, the latest first."""
    rows = Redemption.objects.for_business(business).filter(advocate_id=advocate_id)
    return rows.select_related("reward").order_by("-created_at", "-id")
