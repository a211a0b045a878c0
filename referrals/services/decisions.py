"""What becomes of a conversion after the day it came: approved, rejected, reversed, or paid when it falls due."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from django.db import connection, transaction

from loyalty import events as feed
from loyalty.kernel import clock, tries
from loyalty.kernel.errors import Conflict, DomainError, NotFound
from loyalty.kernel.rounds import Round
from loyalty.models import Business
from referrals import events
from referrals.models import Conversion
from referrals.selectors import missions
from referrals.services import friends, payment
from referrals.services.friends import Named

log = structlog.get_logger(__name__)

Status = Conversion.Status
BATCH = 500

# Every business has its own clock: what is due is asked against each one's.
DUE = """
    SELECT c.business_id, c.id FROM referrals_conversion c JOIN loyalty_business b ON b.id = c.business_id
    WHERE c.due_at <= %(wall)s + b.clock_offset ORDER BY c.due_at LIMIT %(batch)s
"""


class AlreadyDecided(Conflict):
    def __init__(self, status: str) -> None:
        super().__init__(f"This conversion is {status}: that cannot be done to it any more.")


def approve(*, business: Business, conversion_id: UUID, note: str = "") -> Conversion:
    """Pay a conversion that is held, or was rejected, as it was promised when the order came.

    :raises NotFound: if the business has no such conversion
    :raises AlreadyDecided: if it is paid, or was
    :raises DomainError: as `payment.pay`
    """
    return tries.again(lambda: _approve(business, conversion_id, note), on=friends.FASTER)


@transaction.atomic
def _approve(business: Business, conversion_id: UUID, note: str) -> Conversion:
    conversion = _locked(business, conversion_id, allowed=(Status.HELD, Status.REJECTED))
    conversion.note = note or conversion.note
    payment.pay(conversion, now=clock.now(business))
    return conversion


@transaction.atomic
def reject(*, business: Business, conversion_id: UUID, reason: str = "by_operator", note: str = "") -> Conversion:
    """Say no to a conversion that is held. It stays in the books, and may be approved later.

    :raises NotFound: if the business has no such conversion
    :raises AlreadyDecided: if it is not held any more
    """
    conversion = _locked(business, conversion_id, allowed=(Status.HELD,))
    now = clock.now(business)
    conversion.status, conversion.reason, conversion.due_at = Status.REJECTED, reason, None
    conversion.note, conversion.updated_at = note, now
    conversion.save(update_fields=["status", "reason", "due_at", "note", "updated_at"])
    feed.record([events.decided(events.REJECTED, conversion)], now=now)
    return conversion


@transaction.atomic
def reverse(*, business: Business, conversion_id: UUID, note: str = "") -> Conversion:
    """Take back what a confirmed conversion gave to both sides, as when its order is returned.

    :raises NotFound: if the business has no such conversion
    :raises AlreadyDecided: if it is not confirmed, or was reversed before
    :raises ledger.InsufficientPoints: if one of them has spent it already
    """
    conversion = _locked(business, conversion_id, allowed=(Status.CONFIRMED,))
    conversion.note = note
    payment.take_back(conversion, now=clock.now(business))
    return conversion


@transaction.atomic
def order_is_gone(*, business: Business, conversion_id: UUID) -> None:
    """Nothing is left of the order: what waited is rejected; of what was paid goes back what the policy says.

    :raises NotFound: if the business has no such conversion
    """
    try:
        conversion = _locked(business, conversion_id, allowed=(Status.CONFIRMED, Status.HELD))
    except AlreadyDecided:  # by somebody else, just now
        return
    if conversion.status == Status.HELD:
        reject(business=business, conversion_id=conversion_id, reason="order_refunded")
    else:
        payment.take_back(conversion, now=clock.now(business), by_policy=True)


def hold(conversion: Conversion, *, reason: str, now: datetime) -> None:
    """Keep a conversion that the caller has locked until an operator decides."""
    rows = Conversion.objects.for_business(conversion.business).filter(pk=conversion.pk)
    rows.update(status=Status.HELD, reason=reason, due_at=None, updated_at=now)
    conversion.refresh_from_db()


def release_due() -> int:
    """Pay every conversion whose days of waiting are over, and whose friend has done the mission that there was.

    Answers how many; safe to run twice, or twice at once.
    """
    released = 0
    with Round("release") as work:
        for business_id, conversion_id in [*_due(), *missions.fulfilled(most=BATCH)]:
            with work.piece(business=business_id, conversion=conversion_id):
                released += tries.again(partial(_release, business_id, conversion_id), on=friends.FASTER)
    return released


def _due() -> Sequence[tuple[UUID, UUID]]:
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"wall": clock.wall(), "batch": BATCH})
        found: list[tuple[UUID, UUID]] = cursor.fetchall()
    return found


@transaction.atomic
def _release(business_id: UUID, conversion_id: UUID) -> bool:
    business = Business.objects.get(pk=business_id)
    try:
        conversion = _locked(business, conversion_id, allowed=(Status.HELD,))
    except AlreadyDecided:  # by somebody else, just now
        return False
    now = clock.now(business)
    if not _has_done_mission(conversion):
        hold(conversion, reason=missions.OPEN, now=now)
        return False
    try:
        payment.pay(conversion, now=now)
    except friends.FASTER:
        raise
    except DomainError as error:
        log.warning("conversion_not_payable", id=str(conversion_id), code=error.code.value)
        hold(conversion, reason="not_payable", now=now)
        return False
    return True


def _has_done_mission(conversion: Conversion) -> bool:
    mission, friend_ids = conversion.mission, [conversion.friend_id] if conversion.friend_id else []
    if not mission.quest:
        return True
    return bool(missions.done_since(mission, business=conversion.business, friend_ids=friend_ids))


def _locked(business: Business, conversion_id: UUID, *, allowed: Sequence[Status]) -> Conversion:
    """The conversion with both accounts locked before it, and its friend, who may have joined since."""
    rows = Conversion.objects.for_business(business)
    seen = rows.filter(pk=conversion_id).first()
    if seen is None:
        raise NotFound("conversion")
    named = Named(email=seen.friend_email, external_id=seen.friend_external_id)
    found = None if seen.friend_id else friends.find(business=business, named=named)
    friend_id = found.pk if found else seen.friend_id
    friends.lock(business=business, account_ids=(seen.referrer_id, friend_id))
    conversion = rows.select_related("code").select_for_update(of=("self",), no_key=True).get(pk=conversion_id)
    if conversion.status not in allowed:
        raise AlreadyDecided(conversion.status)
    conversion.business = conversion.code.business = business
    conversion.friend_id = conversion.friend_id or friend_id
    return conversion
