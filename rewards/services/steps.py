"""What becomes of a redemption: approved, acknowledged, issued, used or fulfilled. Each step is taken once.

The account is locked first, as everywhere: whoever comes second finds the new status, and is refused.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from loyalty import events
from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from loyalty.kernel.rounds import Round, by_time
from loyalty.models import Business
from rewards.events import EXPIRED, FULFILLED, USED, happened
from rewards.models import Redemption
from rewards.services import codes, coupons, redemptions
from rewards.services.redemptions import Status, WrongState

BATCH = 500
LATE = "It was not acknowledged in time."
GRACE = timedelta(hours=1)  # until an order of the last minute is told, which uses its coupon up


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
    redemption.status, redemption.reason = Status.ISSUED, reason
    return _saved(redemption, redemptions.issue(redemption, now=now), now=now)


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
    """Somebody has used the coupon, in an order of the shop's if it names one: that the shop took it is a fact then.

    :raises NotFound: if the business has no such redemption
    :raises WrongState: if it was used before, is not issued, or not good any more
    """
    redemption, now = _waiting(business, redemption_id, Status.ISSUED, done="used")
    if redemption.has_expired(at=now) and not order_id:
        raise WrongState(Status.EXPIRED, Status.ISSUED, done="used")
    redemption.order_id = order_id
    return _stepped(redemption, Status.USED, USED, reason="", now=now)


def cancel_overdue() -> int:
    """Cancel what was not acknowledged in time. Answers how many; safe to run twice, or twice at once."""
    return _each("cancel_overdue", _cancelled_late, _due(Status.PENDING_ACKNOWLEDGEMENT, "acknowledge_by"))


def expire_due() -> int:
    """Expire what was not used in time; its points stay spent. Answers how many; as safe as `cancel_overdue`."""
    return _each("expire_redemptions", _expired, _due(Status.ISSUED, "expires_at", grace=GRACE))


def _each(name: str, step: Callable[[Redemption], bool], due: Iterator[Redemption]) -> int:
    stepped = 0
    with Round(name) as work:
        for redemption in due:
            with work.piece(business=redemption.business_id, redemption=redemption.pk):
                stepped += step(redemption)
    return stepped


def _due(status: Status, column: str, *, grace: timedelta = timedelta(0)) -> Iterator[Redemption]:
    """What is due, in batches: a sandbox whose clock was moved has its own time."""
    now = clock.wall() - grace
    rows = Redemption.objects.filter(status=status).select_related("business")
    due = rows.filter((f"{column}__lte", now), business__clock_offset=timedelta(0))
    yield from by_time(due, column, size=BATCH)
    for sandbox in Business.objects.exclude(clock_offset=timedelta(0)):
        due = rows.filter((f"{column}__lte", now + sandbox.clock_offset), business=sandbox)
        yield from by_time(due, column, size=BATCH)


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


@transaction.atomic
def _expired(due: Redemption) -> bool:
    try:
        redemption, now = _waiting(due.business, due.pk, Status.ISSUED, done="expired")
    except WrongState:  # used or cancelled meanwhile
        return False
    _stepped(redemption, Status.EXPIRED, EXPIRED, reason="", now=now)
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
    columns = ("status", "reason", "coupon_code", "order_id", "acknowledge_by", "expires_at", "updated_at")
    redemption.save(update_fields=columns)
    events.record(news, now=now)
    return redemption
