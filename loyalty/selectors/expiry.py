"""When points, and memberships, end."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from loyalty.models import Business, Metric

ENDS = """
    SELECT laurel_end_of_day(earned, make_interval(months => %s, days => %s), %s)
    FROM unnest(%s::timestamptz[]) WITH ORDINALITY AS t(earned, number) ORDER BY number
"""


def ends(*, business: Business, metric: str, earned: Sequence[datetime]) -> list[datetime | None]:
    """When points of a metric that were earned at these times end, each by itself; None if they never do."""
    lasting = Metric.objects.for_business(business).filter(key=metric, expiry_basis=Metric.Basis.LOT).first()
    if lasting is None or not earned:
        return [None] * len(earned)
    found: list[datetime | None] = []
    return found + after(earned, months=lasting.expiry_months, days=lasting.expiry_days, zone=business.timezone)


def after(times: Sequence[datetime], *, months: int, days: int, zone: str) -> list[datetime]:
    """The ends of the days that come so long after these times."""
    with connection.cursor() as cursor:
        cursor.execute(ENDS, [months, days, zone, [*times]])
        return [ends_at for (ends_at,) in cursor.fetchall()]
