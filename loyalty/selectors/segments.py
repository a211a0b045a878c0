"""Reads of segments: who is in which."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db.models import QuerySet

from loyalty.models import Business, Segment, SegmentMember


def keys_of(*, business: Business, account_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[str]]:
    """The keys of each account's live segments, in order; one query, and an empty list for whoever is in none."""
    members = SegmentMember.objects.for_business(business).filter(
        account_id__in=list(account_ids), segment__archived_at=None
    )
    found: dict[UUID, list[str]] = defaultdict(list)
    for account_id, key in members.order_by("segment__key").values_list("account_id", "segment__key"):
        found[account_id].append(key)
    return found


def members_of(*, business: Business, key: str) -> "QuerySet[SegmentMember]":
    """The members of a live segment; nobody, where there is none with the key."""
    members = SegmentMember.objects.for_business(business)
    return members.filter(segment__business=business, segment__key=key, segment__archived_at=None)


def live_keys(*, business: Business) -> set[str]:
    """The keys that a reward or a quest may name."""
    live = Segment.objects.for_business(business).filter(archived_at=None)
    return set(live.values_list("key", flat=True))
