"""Rewards are bought and given back here. The ledger locks the account first; the reward's row comes last.

Everyone who wants a popular reward waits for its row, so that lock is taken when nothing but the commit is left to do.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from loyalty import events
from loyalty.kernel import crypto, points
from loyalty.kernel.errors import Code, Conflict, DomainError, Invalid, NotFound
from loyalty.models import Business
from loyalty.services import ledger
from rewards.events import CANCELLED, CREATED, ISSUED, facts, happened
from rewards.models import Redemption, Reward
from rewards.selectors import offers
from rewards.services import kinds

CODE_LENGTH = 12  # about 59 bits: not to be guessed
Status = Redemption.Status


class RewardInactive(DomainError):
    code = Code.REWARD_INACTIVE

    def __init__(self) -> None:
        super().__init__("This reward is not on offer now. Check its status, startsAt and endsAt.")


class NotEligible(DomainError):
    code = Code.NOT_ELIGIBLE

    def __init__(self) -> None:
        super().__init__("This reward is for other tiers. Check its tierKeys.")


class LimitReached(DomainError):
    code = Code.LIMIT_REACHED

    def __init__(self) -> None:
        super().__init__("This advocate would have more of this reward than its perAdvocateLimit.")


class OutOfStock(DomainError):
    code = Code.OUT_OF_STOCK

    def __init__(self) -> None:
        super().__init__("There is not enough of this reward left. Check its stockRemaining.")


class NotCancellable(Conflict):
    def __init__(self) -> None:
        super().__init__("Only a redemption that is pending or issued can be cancelled.")


REFUSALS = {refusal.code: refusal for refusal in (RewardInactive, NotEligible, LimitReached, OutOfStock)}


@transaction.atomic
def redeem(*, business: Business, reward_id: UUID, advocate_id: UUID, quantity: int = 1) -> Redemption:
    """Spend an advocate's points on a reward.

    :raises NotFound: if the business has no such reward, or no such advocate
    :raises Invalid: if the reward is not sold in this quantity
    :raises RewardInactive, NotEligible, LimitReached, OutOfStock: as their messages say
    :raises ledger.InsufficientPoints, ledger.AccountNotActive: as `ledger.spend`
    """
    standing = offers.standing(business=business, reward_id=reward_id, advocate_id=advocate_id)
    _check(standing, quantity=quantity, at=standing.now)
    standing.reward.business = business
    redemption = _drafted(standing.reward, advocate_id=advocate_id, quantity=quantity)
    posting = ledger.spend(
        business=business,
        account_id=advocate_id,
        amount=redemption.points,
        source=ledger.Source("redemption", str(redemption.pk)),
        facts={"action": "reward", **facts(redemption)},
        reason={"rewardId": str(reward_id), "pointsCost": standing.reward.points_cost, "quantity": quantity},
        description=standing.reward.name,
    )
    if standing.reward.is_personal:
        # The account is locked now: what is found about this person here stays until the commit.
        standing = offers.standing(business=business, reward_id=reward_id, advocate_id=advocate_id)
    _check(standing, quantity=quantity, at=posting.occurred_at)
    redemption.entry_id = posting.id
    redemption.created_at = redemption.updated_at = posting.occurred_at
    redemption.save(force_insert=True)
    events.record([happened(CREATED, redemption), happened(ISSUED, redemption)], now=posting.occurred_at)
    _take_stock(redemption)
    return redemption


@transaction.atomic
def cancel(*, business: Business, redemption_id: UUID, reason: str = "") -> Redemption:
    """Undo a redemption: the same lots come back with their own expiry, and so does the stock.

    :raises NotFound: if the business has no such redemption
    :raises NotCancellable: if it is used, fulfilled, expired or cancelled, also by someone else just now
    """
    redemption = Redemption.objects.for_business(business).filter(pk=redemption_id).first()
    if redemption is None:
        raise NotFound("redemption")
    if redemption.status not in Redemption.OPEN:
        raise NotCancellable
    redemption.business = business
    redemption.status, redemption.reason = Status.CANCELLED, reason
    posting = _give_points_back(redemption)
    redemption.updated_at = posting.occurred_at
    changed = {"status": redemption.status, "reason": reason, "updated_at": redemption.updated_at}
    still_open = Redemption.objects.for_business(business).filter(pk=redemption_id, status__in=Redemption.OPEN)
    if not still_open.update(**changed):
        raise NotCancellable
    events.record([happened(CANCELLED, redemption)], now=posting.occurred_at)
    _rewards(redemption).update(taken=F("taken") - redemption.quantity)
    return redemption


def _check(standing: offers.Standing, *, quantity: int, at: datetime) -> None:
    refusal = standing.refusal(quantity=quantity, at=at)
    if refusal is not None:
        raise REFUSALS[refusal]


def _drafted(reward: Reward, *, advocate_id: UUID, quantity: int) -> Redemption:
    """The redemption with everything but its ledger entry."""
    kind = kinds.kind_of(reward.type)
    if quantity > 1 and not kind.SELLS_SEVERAL:
        raise Invalid(f"A reward of type {reward.type} is redeemed one at a time.", field="quantity")
    if reward.points_cost * quantity > points.MAX_MOVE:
        raise Invalid(f"One redemption costs at most {points.MAX_MOVE:,} points. Take fewer.", field="quantity")
    return Redemption(
        business=reward.business,
        reward=reward,
        advocate_id=advocate_id,
        status=Status.ISSUED,
        points=reward.points_cost * quantity,
        quantity=quantity,
        terms={"type": reward.type, **kind.worth(reward, quantity=quantity)._asdict()},
        coupon_code=f"{reward.code_prefix}-{crypto.new_code(CODE_LENGTH)}" if kind.MAKES_COUPON else None,
    )


def _give_points_back(redemption: Redemption) -> ledger.Posting:
    try:
        return ledger.reverse(
            business=redemption.business,
            entry_id=redemption.entry_id,
            facts={"action": "reward", **facts(redemption)},
        )
    except ledger.AlreadyReversed as error:
        raise NotCancellable from error


def _take_stock(redemption: Redemption) -> None:
    """Count the pieces as taken, if that many are left: checked and changed in one step."""
    enough_left = Q(stock=None) | Q(stock__gte=F("taken") + redemption.quantity)
    if not _rewards(redemption).filter(enough_left).update(taken=F("taken") + redemption.quantity):
        raise OutOfStock


def _rewards(redemption: Redemption) -> "QuerySet[Reward]":
    return Reward.objects.for_business(redemption.business).filter(pk=redemption.reward_id)
