"""What codes have brought: for lists, and over a period."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from loyalty.models import Business
from referrals.models import Click, Conversion, ReferralCode

Status = Conversion.Status


@dataclass(frozen=True, slots=True)
class Tally:
    """Confirmed conversions, and what those in the business's currency were worth."""

    conversions: int = 0
    revenue_minor: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    clicks: int
    unique_visitors: int
    conversions: int
    revenue_minor: int
    pending: int
    rejected: int


NOTHING = Tally()


def tallies(business: Business, code_ids: Collection[UUID]) -> Mapping[UUID, Tally]:
    """A tally for each code, in one query."""
    rows = Conversion.objects.for_business(business).filter(code_id__in=code_ids, status=Status.CONFIRMED)
    counted = rows.values_list("code_id").annotate(
        conversions=Count("pk"), revenue=Coalesce(Sum("order_minor", filter=Q(currency=business.currency)), 0)
    )
    found = {code_id: Tally(conversions, int(revenue)) for code_id, conversions, revenue in counted}
    return {code_id: found.get(code_id, NOTHING) for code_id in code_ids}


def stats(code: ReferralCode, *, business: Business, since: datetime | None, until: datetime | None) -> Stats:
    """What a code brought from `since` on and before `until`. Clicks count by whole days of the programme."""
    clicks = Click.objects.for_business(business).filter(code=code)
    orders = Conversion.objects.for_business(business).filter(code=code)
    zone = ZoneInfo(business.timezone)
    if since is not None:
        clicks = clicks.filter(day__gte=since.astimezone(zone).date())
        orders = orders.filter(created_at__gte=since)
    if until is not None:
        clicks = clicks.filter(day__lte=(until - timedelta(microseconds=1)).astimezone(zone).date())
        orders = orders.filter(created_at__lt=until)
    visits = clicks.aggregate(hits=Coalesce(Sum("hits"), 0), visitors=Count("pk"))
    confirmed = Q(status=Status.CONFIRMED)
    counted = orders.aggregate(
        conversions=Count("pk", filter=confirmed),
        revenue=Coalesce(Sum("order_minor", filter=confirmed & Q(currency=business.currency)), 0),
        pending=Count("pk", filter=Q(status=Status.HELD)),
        rejected=Count("pk", filter=Q(status=Status.REJECTED)),
    )
    return Stats(
        clicks=visits["hits"],
        unique_visitors=visits["visitors"],
        conversions=counted["conversions"],
        revenue_minor=int(counted["revenue"]),
        pending=counted["pending"],
        rejected=counted["rejected"],
    )
