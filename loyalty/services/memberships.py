"""Memberships: segments that people join for some time, and that bring them something when they join first."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from loyalty import events
from loyalty.events import Happening
from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.kernel.rounds import Round, by_time
from loyalty.models import Account, Admission, Business, Segment, SegmentMember
from loyalty.selectors import expiry
from loyalty.services import accounts, benefits, climbing
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.ledger import AccountNotActive, Source

UPDATED = "customers/updated"
SOURCE = "membership"
BATCH = 500


@transaction.atomic
def join(
    *, business: Business, account_id: UUID, key: str, ends_at: datetime | None = None, source: str = ""
) -> SegmentMember:
    """Let somebody in, or let them stay for longer. Who joins first is given what that brings.

    :param ends_at: if not when the membership's own time is over
    :param source: what they are let in for, where rules do it
    :raises NotFound: if the business has no such advocate, or its programme no such membership
    :raises AccountNotActive: if they are blocked, merged or erased
    :raises Invalid: if it would be over already
    """
    locked, business = accounts.lock_with_business(business=business, account_ids=[account_id])
    segment = membership_named(business=business, key=key)
    if account_id not in locked:
        raise NotFound("advocate")
    account = locked[account_id]
    if account.status != Account.Status.ACTIVE:
        raise AccountNotActive
    now = max(clock.now(business), account.last_event_at)
    if ends_at is not None and ends_at <= now:
        raise Invalid("That is over already. Say when it ends, or take the membership away.", field="endsAt")
    member = SegmentMember.objects.for_business(business).filter(account=account, segment=segment).first()
    if member is None or (member.ends_at is not None and member.ends_at <= now):
        SegmentMember.objects.for_business(business).filter(account=account, segment=segment).delete()
        member = SegmentMember(business=business, account=account, segment=segment, joined_at=now, source=source)
        member.ends_at = ends_at or _end_of_term(segment, now, business)
        _tell(business, account_id, now)
    else:
        member.ends_at = ends_at or _later(member.ends_at, _end_of_term(segment, now, business))
    member.save()
    _welcome(member, now)
    return member


@transaction.atomic
def leave(*, business: Business, account_id: UUID, key: str, source: str | None = None) -> bool:
    """Take a membership away. Answers whether there was one to take; what it has brought stays.

    :param source: only if this is what they were let in for
    :raises NotFound: if the programme has no such membership
    """
    locked, business = accounts.lock_with_business(business=business, account_ids=[account_id])
    segment = membership_named(business=business, key=key)
    rows = SegmentMember.objects.for_business(business).filter(account_id=account_id, segment=segment)
    gone, _ = (rows if source is None else rows.filter(source=source)).delete()
    if gone:
        _tell(business, account_id, max(clock.now(business), locked[account_id].last_event_at))
    return bool(gone)


def membership_named(*, business: Business, key: str, field: str | None = None) -> Segment:
    """:raises NotFound: if the programme has no such membership"""
    live = Segment.objects.for_business(business).filter(archived_at=None, is_membership=True)
    segment = live.filter(key=key).first()
    if segment is None:
        raise NotFound("membership", field=field)
    return segment


def end_due() -> int:
    """Let everybody go whose time is over. Answers how many; safe to run twice, or twice at once."""
    ended = 0
    with Round("end_memberships") as work:
        for member in _due():
            with work.piece(business=member.business_id, account=member.account_id):
                ended += _end(member)
    return ended


def _due() -> Iterator[SegmentMember]:
    """In batches: each business has its own clock."""
    rows = SegmentMember.objects.filter(ends_at__lte=clock.wall() + F("business__clock_offset"))
    return by_time(rows.select_related("business"), "ends_at", size=BATCH)


@transaction.atomic
def _end(member: SegmentMember) -> bool:
    """Unless they were let stay meanwhile."""
    business = member.business
    locked = accounts.lock(business=business, account_ids=[member.account_id])
    rows = SegmentMember.objects.for_business(business).filter(pk=member.pk, ends_at=member.ends_at)
    gone, _ = rows.delete()
    if gone:
        _tell(business, member.account_id, max(clock.now(business), locked[member.account_id].last_event_at))
    return bool(gone)


def _end_of_term(segment: Segment, now: datetime, business: Business) -> datetime | None:
    if not segment.months and not segment.days:
        return None
    (end,) = expiry.after([now], months=segment.months, days=segment.days, zone=business.timezone)
    return end


def _later(had: datetime | None, gets: datetime | None) -> datetime | None:
    """Nothing is later than no end."""
    return max(had, gets) if had and gets else None


def _welcome(member: SegmentMember, now: datetime) -> None:
    """Give what joining brings, or write down why some of it was not given: once in a lifetime."""
    segment = member.segment
    admission, is_first = Admission.objects.for_business(member.business).get_or_create(
        account=member.account, segment=segment, defaults={"business": member.business, "created_at": now}
    )
    if not is_first or not segment.benefits:
        return
    occasion = Occasion(
        source=Source(SOURCE, str(admission.pk)),
        action=SOURCE,
        reason={"membership": segment.key},
        description=segment.title,
    )
    with climbing.together():
        _, refused = benefits.give_following(
            segment.benefits, business=member.business, account_id=member.account_id, occasion=occasion
        )
    if refused:
        admission.refusal = refused[0]
        admission.save(update_fields=["refusal"])


def _tell(business: Business, account_id: UUID, now: datetime) -> None:
    events.record([Happening(business.pk, UPDATED, account_id, {"fields": ["memberships"]})], now=now)
