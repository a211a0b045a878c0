"""Reads of segments: who is in which. Whoever had a membership that is over is in it no more."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db.models import F, Q, QuerySet

from loyalty.kernel import clock
from loyalty.models import Business, Segment, SegmentMember


def current(*, business: Business) -> "QuerySet[SegmentMember]":
    """Who is in which live segment now. The offset is the database's: a sandbox's clock may have moved just now."""
    lasts = Q(ends_at=None) | Q(ends_at__gt=clock.wall() + F("business__clock_offset"))
    return SegmentMember.objects.for_business(business).filter(lasts, segment__archived_at=None)


def memberships_of(*, business: Business, account_id: UUID) -> list[SegmentMember]:
    """The memberships that somebody has now, by key; with their segments."""
    rows = current(business=business).filter(account_id=account_id, segment__is_membership=True)
    return list(rows.select_related("segment").order_by("segment__key"))


def keys_of(*, business: Business, account_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[str]]:
    """The keys of each account's live segments, in order; one query, and an empty list for whoever is in none."""
    members = current(business=business).filter(account_id__in=list(account_ids))
    found: dict[UUID, list[str]] = defaultdict(list)
    for account_id, key in members.order_by("segment__key").values_list("account_id", "segment__key"):
        found[account_id].append(key)
    return found


def members_of(*, business: Business, key: str) -> "QuerySet[SegmentMember]":
    """The members of a live segment; nobody, where there is none with the key."""
    return current(business=business).filter(segment__business=business, segment__key=key)


def live(*, business: Business) -> "QuerySet[Segment]":
    """Those that a reward or a quest may name."""
    return Segment.objects.for_business(business).filter(archived_at=None)


def live_keys(*, business: Business) -> set[str]:
    return set(live(business=business).values_list("key", flat=True))
