"""Which segments there are, and who is in which."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from loyalty.kernel.errors import NotFound
from loyalty.models import Account, Business, Segment, SegmentMember
from loyalty.selectors import segments as reads
from loyalty.services import accounts, archiving, memberships, naming


@transaction.atomic
def declare(*, business: Business, title: str, key: str | None = None) -> Segment:
    """Add a segment to the programme, as a document does. Its key is made from its title where none is given.

    :raises naming.KeyTaken: if another segment or membership has the key, also an archived one
    """
    business = naming.lock(business)
    rows = Segment.objects.for_business(business)
    return rows.create(business=business, title=title, key=naming.key_for(rows, key=key, title=title, noun="segment"))


@transaction.atomic
def rename(*, business: Business, segment_id: UUID, title: str) -> Segment:
    """:raises NotFound: if the business has no such segment; memberships are written in its document"""
    segment = _plain(business, segment_id)
    segment.title = title
    segment.save(update_fields=["title"])
    return segment


@transaction.atomic
def set_archived(*, business: Business, segment_id: UUID, archived: bool) -> Segment:
    """Archive a segment, or fetch it back. Its members stay in it.

    :raises NotFound: as `rename`
    :raises programme.StillNamed: if something of the programme names it
    """
    segment = _plain(business, segment_id)
    archiving.set_archived(segment, archived=archived)
    return segment


def _plain(business: Business, segment_id: UUID) -> Segment:
    rows = Segment.objects.for_business(naming.lock(business)).filter(pk=segment_id, is_membership=False)
    segment = rows.first()
    if segment is None:
        raise NotFound("segment")
    return segment


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
    members.filter(segment__is_membership=False).exclude(segment__in=segments.values()).delete()
    plain = [segment for segment in segments.values() if not segment.is_membership]
    SegmentMember.objects.bulk_create(
        (SegmentMember(business=business, account_id=account_id, segment=segment) for segment in plain),
        ignore_conflicts=True,
    )
    has = {each.segment.key for each in reads.memberships_of(business=business, account_id=account_id)}
    wants = {segment.key for segment in segments.values() if segment.is_membership}
    _change_memberships(business, account_id, joins=wants - has, leaves=has - wants)


def _change_memberships(
    business: Business, account_id: UUID, *, joins: Collection[str], leaves: Collection[str]
) -> None:
    for key in sorted(joins):
        memberships.join(business=business, account_id=account_id, key=key)
    for key in sorted(leaves):
        memberships.leave(business=business, account_id=account_id, key=key)


@dataclass(frozen=True, slots=True)
class Move:
    """The segments that somebody joins, and those that they leave, by key; in all others they stay as they are."""

    account_id: UUID
    joins: frozenset[str]
    leaves: frozenset[str]


@transaction.atomic
def move(*, business: Business, moves: Sequence[Move]) -> None:
    """Move many people at once; of somebody who comes twice the last word counts. Unknown segments are left out."""
    accounts.lock(business=business, account_ids={each.account_id for each in moves})
    live = Segment.objects.for_business(business).filter(archived_at=None)
    named = dict(live.filter(is_membership=False).values_list("key", "pk"))
    is_in: dict[tuple[UUID, UUID], bool] = {}
    for each in moves:
        for keys, joins in ((each.joins, True), (each.leaves, False)):
            is_in.update({(each.account_id, named[key]): joins for key in keys if key in named})
    members = [
        SegmentMember(business=business, account_id=account_id, segment_id=segment_id)
        for (account_id, segment_id), joins in is_in.items()
        if joins
    ]
    SegmentMember.objects.bulk_create(members, ignore_conflicts=True)
    _leave(business, [place for place, joins in is_in.items() if not joins])
    brings = set(live.filter(is_membership=True).values_list("key", flat=True))
    for each in moves if brings else ():
        _change_memberships(business, each.account_id, joins=each.joins & brings, leaves=each.leaves & brings)


def _leave(business: Business, places: Sequence[tuple[UUID, UUID]]) -> None:
    by_segment: dict[UUID, list[UUID]] = defaultdict(list)
    for account_id, segment_id in places:
        by_segment[segment_id].append(account_id)
    for segment_id, account_ids in by_segment.items():
        rows = SegmentMember.objects.for_business(business)
        rows.filter(segment=segment_id, account__in=account_ids).delete()
