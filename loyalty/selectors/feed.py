"""The published events of a business, in the order of their publication."""

from uuid import UUID

from django.db.models import QuerySet

from loyalty.models import Business, Event


def published(business: Business, *, topic: str | None = None, account_id: UUID | None = None) -> "QuerySet[Event]":
    """Events with their bodies; page them by `position`. `points/*` means all topics of that family."""
    rows = Event.objects.for_business(business).filter(position__isnull=False).select_related("body")
    if topic is not None:
        family = topic.removesuffix("/*")
        rows = rows.filter(topic=topic) if family == topic else rows.filter(topic__startswith=f"{family}/")
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    return rows
