"""Revenue that a merchant reports: it feeds the pools that live on it, once for each request id."""

from datetime import date

from django.db import transaction

from loyalty.kernel import clock, periods
from loyalty.kernel.errors import Conflict, Invalid
from loyalty.kernel.points import MAX_MOVE
from loyalty.models import Business, HoldFeed, HoldProgramme, RevenueReport

EARLIEST = date(2000, 1, 1)
WHERE_DAYS_BEGIN = "Pacific/Kiritimati"  # 14 hours before UTC: no zone is earlier


class AlreadyReported(Conflict):
    def __init__(self) -> None:
        super().__init__("This requestId was received before, and counts once.", field="requestId")


@transaction.atomic
def report(*, business: Business, request_id: str, minor: int, currency: str, day: date) -> RevenueReport:
    """Take in the revenue of a day, in minor units. What it brings to a pool flows over the next 24 hours.

    :raises AlreadyReported: if a report has the request id
    :raises Invalid: if the day has begun nowhere, the currency is not the business's, or a pool would be too large
    """
    if not EARLIEST <= day <= periods.day_of(clock.now(business), zone=WHERE_DAYS_BEGIN):
        raise Invalid("date must not lie in the future.", field="date")
    if currency != business.currency:
        raise Invalid(f"This programme counts {business.currency}. Report revenue in it.", field="currency")
    row = RevenueReport(business=business, request_id=request_id, minor=minor, currency=currency, day=day)
    row.created_at = clock.now(business)
    RevenueReport.objects.bulk_create([row], ignore_conflicts=True)
    if not RevenueReport.objects.for_business(business).filter(pk=row.pk).exists():
        raise AlreadyReported
    fed = HoldProgramme.objects.for_business(business).filter(accrued_until__isnull=False, revenue_points__gt=0)
    for programme in fed.select_for_update(no_key=True).order_by("pk"):
        _feed(programme, row)
    return row


def _feed(programme: HoldProgramme, row: RevenueReport) -> None:
    """Bring whole points to a pool; what is left of a point waits for the next report."""
    assert programme.revenue_points  # as was asked for
    assert programme.revenue_per
    assert programme.accrued_until
    worth = programme.unfed + row.minor * programme.revenue_points
    points, programme.unfed = divmod(worth, programme.revenue_per)
    if points > MAX_MOVE:
        raise Invalid("revenue brings more than a pool may hold.", field="revenue")
    programme.save(update_fields=["unfed"])
    if points:
        minute = row.created_at.replace(second=0, microsecond=0)
        HoldFeed.objects.create(
            business=row.business,
            programme=programme,
            report=row,
            points=points,
            starts_at=max(minute, programme.accrued_until),
        )
