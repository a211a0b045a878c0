"""Who is in which segment."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from loyalty.kernel.errors import NotFound
from loyalty.models import Account, Business, Segment, SegmentMember


@transaction.atomic
def put(*, business: Business, account_id: UUID, keys: Iterable[str], field: str = "segments") -> None:
    """Make these the segments of an account, and no others.

    :raises NotFound: if the business has no such account, or its programme no such segment
    """
    if not Account.objects.for_business(business).filter(pk=account_id).exists():
        raise NotFound("advocate")
    wanted = set(keys)
    live = Segment.objects.for_business(business).filter(archived_at=None)
    segments = {segment.key: segment for segment in live.filter(key__in=wanted)}
    if wanted - segments.keys():
        raise NotFound("segment", field=field)
    members = SegmentMember.objects.for_business(business).filter(account_id=account_id)
    members.exclude(segment__in=segments.values()).delete()
    SegmentMember.objects.bulk_create(
        (SegmentMember(business=business, account_id=account_id, segment=segment) for segment in segments.values()),
        ignore_conflicts=True,
    )
