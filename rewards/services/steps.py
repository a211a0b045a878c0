"""What becomes of a redemption: approved, acknowledged, issued, used or fulfilled. Each step is taken once.

The account is locked first, as everywhere: whoever comes second finds the new status, and is refused.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from loyalty import events
from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from loyalty.models import Business
from rewards.events import FULFILLED, ISSUED, USED, happened
from rewards.models import Redemption
from rewards.services import codes, coupons, gift_redemptions, items, redemptions
from rewards.services.redemptions import Status, WrongState

BATCH = 500
LATE = "It was not acknowledged in time."


@transaction.atomic
def approve(*, business: Business, redemption_id: UUID) -> Redemption:
    """Let a redemption that waits for an operator go on; its coupon shows from here on.

    :raises NotFound: if the business has no such redemption
    :raises WrongState: if it does not wait for approval
    :raises inventory.NotToBeHad: if it is an item that they have by now, or that is gone
    :raises InsufficientFunds, gift_promises.NotToBeOrdered: if it is a gift card that cannot be ordered now
    """
    redemption, now = _waiting(business, redemption_id, Status.PENDING_APPROVAL, done="approved")
    redemption.status = redemptions.status_after_approval(redemption.reward)
    news = redemptions.go_on(redemption, code=codes.held_by(redemption), now=now)
    return _saved(redemption, news, now=now)


def reject(*, business: Business, redemption_id: UUID, reason: str) -> Redemption:
    """Refuse a redemption that waits for an operator: points, stock and code go back.

    :raises NotFound, WrongState: as `approve`
    """
    return redemptions.cancel(
        business=business,
        redemption_id=redemption_id,
        reason=reason,
        states=(Status.PENDING_APPROVAL,),
        done="rejected",
    )


@transaction.atomic
def acknowledge(*, business: Business, redemption_id: UUID, reason: str = "") -> Redemption:
    """The merchant's system knows the redemption, and will honour it: it is issued.

    :raises NotFound: if the business has no such redemption
    :raises WrongState: if it does not wait for this, or did so for too long
    :raises inventory.NotToBeHad, InsufficientFunds, gift_promises.NotToBeOrdered: as `approve`
    """
    redemption, now = _waiting(business, redemption_id, Status.PENDING_ACKNOWLEDGEMENT, done="acknowledged")
    if redemption.acknowledge_by is not None and redemption.acknowledge_by <= now:
        raise WrongState("overdue", Status.PENDING_ACKNOWLEDGEMENT, done="acknowledged")
    items.hand_over(redemption)
    gift_redemptions.hand_over(redemption)
    return _stepped(redemption, Status.ISSUED, ISSUED, reason=reason, now=now)


@transaction.atomic
def fulfil(*, business: Business, redemption_id: UUID, reason: str = "") -> Redemption:
    """What was redeemed has been handed over, without its coupon being used.

    :raises NotFound: if the business has no such redemption
    :raises WrongState: if it is not issued
    """
    redemption, now = _waiting(business, redemption_id, Status.ISSUED, done="fulfilled")
    return _stepped(redemption, Status.FULFILLED, FULFILLED, reason=reason, now=now)


def use_coupon(*, business: Business, code: str) -> Redemption:
    """Somebody has used a coupon, by what they have typed.

    :raises NotFound: if the business has no such coupon
    :raises WrongState: as `use`
    """
    named = coupons.named(business=business, texts=[code])
    if not named:
        raise NotFound("coupon")
    return use(business=business, redemption_id=named[code].pk)


@transaction.atomic
def use(*, business: Business, redemption_id: UUID, order_id: str = "") -> Redemption:
    """Somebody has used the coupon, in an order of the shop's if it names one.

    :raises NotFound: if the business has no such redemption
    :raises WrongState: if it was used before, or is not issued
    """
    redemption, now = _waiting(business, redemption_id, Status.ISSUED, done="used")
    redemption.order_id = order_id
    return _stepped(redemption, Status.USED, USED, reason="", now=now)


def cancel_overdue() -> int:
    """Cancel what was not acknowledged in time. Answers how many; safe to run twice, or twice at once."""
    return sum(_cancelled_late(redemption) for redemption in _overdue())


def _overdue() -> Iterator[Redemption]:
    """What is due, in batches: each business has its own clock."""
    due = clock.wall() + F("business__clock_offset")
    rows = Redemption.objects.filter(status=Status.PENDING_ACKNOWLEDGEMENT, acknowledge_by__lte=due)
    latest = Q()
    while batch := list(rows.filter(latest).select_related("business").order_by("acknowledge_by", "id")[:BATCH]):
        yield from batch
        end = batch[-1]
        latest = Q(acknowledge_by__gt=end.acknowledge_by) | Q(acknowledge_by=end.acknowledge_by, id__gt=end.pk)


def _cancelled_late(redemption: Redemption) -> bool:
    try:
        redemptions.cancel(
            business=redemption.business,
            redemption_id=redemption.pk,
            reason=LATE,
            states=(Status.PENDING_ACKNOWLEDGEMENT,),
        )
    except WrongState:  # acknowledged or cancelled meanwhile
        return False
    return True


def _waiting(business: Business, redemption_id: UUID, status: str, *, done: str) -> tuple[Redemption, datetime]:
    """A redemption that is in this status, and stays so as its account is locked; and the time it is."""
    redemption, now = redemptions.locked(business, redemption_id)
    if redemption.status != status:
        raise WrongState(redemption.status, status, done=done)
    return redemption, now


def _stepped(redemption: Redemption, status: Status, topic: str, *, reason: str, now: datetime) -> Redemption:
    redemption.status, redemption.reason = status, reason
    return _saved(redemption, [happened(topic, redemption)], now=now)


def _saved(redemption: Redemption, news: Sequence[events.Happening], *, now: datetime) -> Redemption:
    redemption.updated_at = now
    redemption.save(update_fields=["status", "reason", "coupon_code", "order_id", "acknowledge_by", "updated_at"])
    events.record(news, now=now)
    return redemption
