"""Sums over a business's programme, for its dashboard."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce, TruncDate

from loyalty.models import Business
from loyalty.models.ledger import Balance, LedgerEntry

Type = LedgerEntry.Type


@dataclass(frozen=True, slots=True)
class Day:
    """How many points a day gave and took."""

    issued: int = 0
    redeemed: int = 0


def points_by_day(*, business: Business, since: datetime, metric: str = "points") -> dict[date, Day]:
    """What was earned and spent, by day of the active time zone; days without either are left out."""
    rows = (
        LedgerEntry.objects.for_business(business)
        .filter(occurred_at__gte=since, metric__key=metric, type__in=(Type.EARN, Type.SPEND))
        .values_list(TruncDate("occurred_at"))
        .annotate(
            issued=Coalesce(Sum("amount", filter=Q(type=Type.EARN)), 0),
            redeemed=Coalesce(Sum(-F("amount"), filter=Q(type=Type.SPEND)), 0),
        )
    )
    return {day: Day(issued, redeemed) for day, issued, redeemed in rows}


def outstanding(*, business: Business, metric: str = "points") -> int:
    """What people hold and could spend, or will be able to: what the programme owes."""
    balances = Balance.objects.for_business(business).filter(metric__key=metric)
    total = balances.aggregate(total=Coalesce(Sum(F("amount") + F("pending")), 0))["total"]
    return int(total)
