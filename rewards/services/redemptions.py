"""Rewards are bought, given and taken back here. The account is locked first; the reward's row comes last.

Everyone who wants a popular reward waits for its row, so that lock is taken when nothing but the commit is left to do.
What happens to a redemption in between: `services/steps.py`.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F

from advocates.models import Advocate
from loyalty import events
from loyalty.kernel import clock, crypto, database, periods
from loyalty.kernel.database import tables
from loyalty.kernel.errors import Code, Conflict, DomainError, NotFound
from loyalty.models import Account, Business, Event
from loyalty.selectors import merges
from loyalty.services import accounts, idempotency, ledger
from rewards.events import CANCELLED, CREATED, GIVEN, ISSUED, facts, happened
from rewards.models import Redemption, Reward
from rewards.selectors import offers
from rewards.services import codes, gift_redemptions, items, kinds, prices
from rewards.services.gift_funds import InsufficientFunds

PLACE = "SELECT laurel_place_redemption(%s, %s, %s)"
CODE_LENGTH = 12  # about 59 bits: not to be guessed
Status = Redemption.Status


class RewardInactive(DomainError):
    code = Code.REWARD_INACTIVE

    def __init__(self) -> None:
        super().__init__("This reward is not on offer now. Check its status, startsAt and endsAt.")


class NotEligible(DomainError):
    code = Code.NOT_ELIGIBLE

    def __init__(self) -> None:
        super().__init__("This reward is for other tiers or segments. Check its tierKeys and segmentKeys.")


class LimitReached(DomainError):
    code = Code.LIMIT_REACHED

    def __init__(self) -> None:
        super().__init__("This advocate would have more of this reward than its perAdvocateLimit.")


class OutOfStock(DomainError):
    code = Code.OUT_OF_STOCK

    def __init__(self) -> None:
        super().__init__("There is not enough of this reward left. Check its stockRemaining, and its code pool.")


class WrongState(Conflict):
    """Somebody wants a step that a redemption cannot take from where it is, also because of someone else just now."""

    def __init__(self, status: str, *allowed: str, done: str) -> None:
        super().__init__(f"This redemption is {status}. Only one that is {' or '.join(allowed)} can be {done}.")


REFUSALS = {
    refusal.code: refusal for refusal in (RewardInactive, NotEligible, LimitReached, OutOfStock, InsufficientFunds)
}


class Wish(NamedTuple):
    """What somebody wants: `points` for a reward that is sold in increments, else so many pieces."""

    reward_id: UUID
    advocate_id: UUID
    quantity: int = 1
    points: int | None = None


class Sale(NamedTuple):
    redemption: Redemption
    is_replay: bool = False


def redeem(
    *, business: Business, reward_id: UUID, advocate_id: UUID, quantity: int = 1, points: int | None = None
) -> Redemption:
    """Spend an advocate's points on a reward: `points` of them where it is sold in increments, else its price.

    :raises NotFound: if the business has no such reward, or no such advocate
    :raises Invalid: if the reward is not sold in this quantity, or not for so many points
    :raises RewardInactive, NotEligible, LimitReached, OutOfStock: as their messages say
    :raises inventory.NotToBeHad: if it is an item, and they have it already or somebody was faster
    :raises InsufficientFunds: if it is a gift card that the deposit does not cover
    :raises gift_promises.NotToBeOrdered: if it is a gift card that cannot be had for another reason
    :raises ledger.InsufficientPoints, ledger.AccountNotActive: as `ledger.spend`
    """
    return _redeem(Wish(reward_id, advocate_id, quantity, points), business=business, key=None).redemption


def redeem_once(wish: Wish, *, business: Business, key: idempotency.Key | None) -> Sale:
    """`redeem`, once per key: a repeat is answered with the redemption as it was made, or with the first refusal.

    :raises idempotency.KeptRefusal, idempotency.KeyInUse, idempotency.KeyMismatch: see there
    """
    try:
        return _redeem(wish, business=business, key=key)
    except DomainError as error:
        if key is None or error.is_replay or not error.code.is_refusal:
            raise
        entry_id = idempotency.keep_refusal(error, business=business, key=key)
        if entry_id is None:
            raise
        return _sold_before(business, entry_id)


def _redeem(wish: Wish, *, business: Business, key: idempotency.Key | None) -> Sale:
    standing = offers.standing(business=business, reward_id=wish.reward_id, advocate_id=wish.advocate_id)
    _check(standing, quantity=wish.quantity, at=standing.now)
    standing.reward.business = business
    price = prices.price_of(standing.reward, quantity=wish.quantity, points=wish.points)
    redemption = _drafted(standing.reward, price, advocate_id=wish.advocate_id, quantity=wish.quantity)
    return _redeem_at_once(redemption, standing, key=key) or _redeem_in_steps(redemption, standing, key=key)


def _redeem_at_once(redemption: Redemption, standing: offers.Standing, *, key: idempotency.Key | None) -> Sale | None:
    """In one statement, which most can be; None where it cannot, which leaves nothing."""
    business, reward = redemption.business, redemption.reward
    if standing.stamp is None or not reward.is_had_at_once:
        return None
    if events.is_heard(Business(pk=business.pk, engine_stamp=standing.stamp), CREATED, ISSUED):
        return None
    told = [happened(CREATED, redemption), *go_on(redemption, code=None, now=standing.now)]
    within = ledger.Within("laurel_redeem", [tables.document(redemption), events.items(told), standing.stamp])
    posting = database.at_once(lambda: _pay(redemption, key=key, within=within))
    if posting is None:
        return None
    if posting.is_replay:
        return _sold_before(business, posting.id)
    redemption.entry_id = posting.id
    redemption.created_at = redemption.updated_at = posting.occurred_at
    redemption._state.adding = False
    return Sale(redemption)


@transaction.atomic
def _redeem_in_steps(redemption: Redemption, standing: offers.Standing, *, key: idempotency.Key | None) -> Sale:
    business, reward = redemption.business, redemption.reward
    posting = _pay(redemption, key=key)
    if posting.is_replay:
        return _sold_before(business, posting.id)
    if reward.is_personal:
        # The account is locked now: what is found about this person here stays until the commit.
        standing = offers.full_standing(business=business, reward_id=reward.pk, advocate_id=redemption.advocate_id)
    _check(standing, quantity=redemption.quantity, at=posting.occurred_at)
    redemption.entry_id = posting.id
    return Sale(_placed(redemption, now=posting.occurred_at))


def _pay(
    redemption: Redemption, *, key: idempotency.Key | None, within: ledger.Within = ledger.SPEND
) -> ledger.Posting:
    reward = redemption.reward
    return ledger.spend(
        business=redemption.business,
        account_id=redemption.advocate_id,
        amount=redemption.points,
        source=ledger.Source("redemption", str(redemption.pk)),
        facts={"action": "reward", **facts(redemption)},
        reason={"rewardId": str(reward.pk), "pointsCost": reward.points_cost, "quantity": redemption.quantity},
        description=reward.name,
        key=key,
        within=within,
    )


def _sold_before(business: Business, entry_id: UUID) -> Sale:
    """What an entry paid for, as it was when it was made."""
    redemption = Redemption.objects.for_business(business).get(entry_id=entry_id)
    owners = [redemption.advocate_id, *merges.merged_into(redemption.advocate_id)]
    told = Event.objects.for_business(business).filter(account_id__in=owners, topic=CREATED)
    made = told.get(facts__redemptionId=str(redemption.pk))
    assert made.account_id is not None  # redemptions are somebody's
    redemption.advocate_id, redemption.status = made.account_id, made.facts["status"]
    if redemption.status == Status.PENDING_APPROVAL:
        redemption.coupon_code = None
    if redemption.status != Status.ISSUED:
        redemption.expires_at = None
    redemption.reason, redemption.updated_at = "", redemption.created_at
    return Sale(redemption, is_replay=True)


@transaction.atomic
def give(
    *, business: Business, reward_id: UUID, advocate_id: UUID, source: ledger.Source, quantity: int = 1
) -> Redemption:
    """Give an advocate a reward for no points, once per source. Who may buy it, and when, does not matter here.

    A gift card that cannot be ordered now is owed, and ordered when it can be.

    :raises NotFound: if the business has no such reward, or no such advocate
    :raises Invalid: if the reward does not come in this quantity
    :raises ledger.AlreadyPosted: if it was given for the source before
    :raises ledger.AccountNotActive: if the account is blocked, merged or erased
    :raises OutOfStock: if not enough is left
    """
    account = locked_account(business, advocate_id)
    reward = Reward.objects.for_business(business).select_related("business").filter(pk=reward_id).first()
    if reward is None:
        raise NotFound("reward")
    if account.status != Account.Status.ACTIVE:
        raise ledger.AccountNotActive
    given = Redemption.objects.for_business(business).filter(source_type=source.type, source_id=source.id)
    if given.exists():
        raise ledger.AlreadyPosted
    price = prices.price_of(reward, quantity=quantity)
    redemption = _drafted(reward, price, advocate_id=advocate_id, quantity=quantity)
    redemption.points = 0
    redemption.source_type, redemption.source_id = source.type, source.id
    return _placed(redemption, GIVEN, now=max(clock.now(reward.business), account.last_event_at))


@transaction.atomic
def cancel(
    *,
    business: Business,
    redemption_id: UUID,
    reason: str = "",
    states: tuple[str, ...] = Redemption.OPEN,
    done: str = "cancelled",
) -> Redemption:
    """Undo a redemption: the same lots come back with their own expiry, and so does the stock.

    :param states: those in which it is still wanted
    :raises NotFound: if the business has no such redemption
    :raises WrongState: if it is in none of the states any more
    :raises gift_orders.CodeShown: if it is a gift card whose code somebody has
    """
    redemption, now = locked(business, redemption_id, with_former=True)
    if redemption.status not in states:
        raise WrongState(redemption.status, *states, done=done)
    was_issued = redemption.status == Status.ISSUED
    redemption.status, redemption.reason, redemption.updated_at = Status.CANCELLED, reason, now
    if redemption.entry_id is not None:
        said = {"action": "reward", **facts(redemption)}
        ledger.reverse(business=redemption.business, entry_id=redemption.entry_id, facts=said)
    redemption.save(update_fields=["status", "reason", "updated_at"])
    events.record([happened(CANCELLED, redemption)], now=now)
    codes.give_back(redemption)
    if was_issued:
        items.take_back(redemption)
        gift_redemptions.take_back(redemption)
    sold = Reward.objects.for_business(redemption.business).filter(pk=redemption.reward_id)
    sold.update(taken=F("taken") - redemption.quantity)
    return redemption


def locked(business: Business, redemption_id: UUID, *, with_former: bool = False) -> tuple[Redemption, datetime]:
    """A redemption whose account is locked, as everyone who writes to it does first; and the time it is.

    :param with_former: lock the accounts that were merged into it, too: one of them may have paid
    :raises NotFound: if the business has no such redemption
    """
    rows = Redemption.objects.for_business(business).filter(pk=redemption_id)
    advocate_id = rows.values_list("advocate_id", flat=True).first()
    if advocate_id is None:
        raise NotFound("redemption")
    former = merges.merged_into(advocate_id) if with_former else []
    account = accounts.lock(business=business, account_ids={advocate_id, *former})[advocate_id]
    redemption = rows.select_related("business", "reward").get()
    if redemption.advocate_id != advocate_id:  # they were merged just now
        return locked(business, redemption_id, with_former=with_former)
    return redemption, max(clock.now(redemption.business), account.last_event_at)


def locked_account(business: Business, advocate_id: UUID) -> Account:
    """:raises NotFound: if the business has no such advocate"""
    advocates = Advocate.objects.for_business(business).filter(pk=advocate_id)
    rows = Account.objects.for_business(business).filter(pk__in=advocates.values("pk"))
    account = rows.select_for_update(no_key=True).first()
    if account is None:
        raise NotFound("advocate", field="advocateId")
    return account


def go_on(redemption: Redemption, *, code: str | None, now: datetime) -> list[events.Happening]:
    """Show the coupon of what waits for no operator, its code or a new one; hand over what it is. Answers the news."""
    redemption.coupon_code = code
    if kinds.kind_of(redemption.terms["type"]).MAKES_COUPON:
        redemption.coupon_code = f"{redemption.reward.code_prefix}-{crypto.new_code(CODE_LENGTH)}"
    if redemption.status == Status.PENDING_ACKNOWLEDGEMENT:
        redemption.acknowledge_by = now + timedelta(hours=redemption.reward.acknowledge_within_hours)
        return []
    return issue(redemption, now=now)


def issue(redemption: Redemption, *, now: datetime) -> list[events.Happening]:
    """It is theirs from now on: its coupon's days begin, and what it is is handed over. Answers the news."""
    days = redemption.reward.expires_after_days
    if days is not None:
        redemption.expires_at = periods.end_after(now, days=days, zone=redemption.business.timezone)
    items.hand_over(redemption)
    gift_redemptions.hand_over(redemption)
    return [happened(ISSUED, redemption)]


def status_after_approval(reward: Reward) -> str:
    is_required = reward.acknowledgement == Reward.Acknowledgement.REQUIRED
    return Status.PENDING_ACKNOWLEDGEMENT if is_required else Status.ISSUED


def _check(standing: offers.Standing, *, quantity: int, at: datetime) -> None:
    refusal = standing.refusal(quantity=quantity, at=at)
    if refusal is not None:
        raise REFUSALS[refusal]


def _drafted(reward: Reward, price: prices.Price, *, advocate_id: UUID, quantity: int) -> Redemption:
    """The redemption with everything but how it is paid for."""
    worth = kinds.kind_of(reward.type).worth(reward, times=price.times)
    item = {"itemId": str(reward.item_id)} if reward.item_id else {}
    gift = {"giftProductId": str(reward.gift_product_id)} if reward.gift_product_id else {}
    return Redemption(
        business=reward.business,
        reward=reward,
        advocate_id=advocate_id,
        status=Status.PENDING_APPROVAL if reward.approval else status_after_approval(reward),
        points=price.points,
        quantity=quantity,
        terms={"type": reward.type, **worth._asdict(), **item, **gift},
    )


def _placed(redemption: Redemption, *more: str, now: datetime) -> Redemption:
    """Write a redemption of a locked account, with its coupon and its news, and take it out of stock.

    :param more: topics that tell of it, beside that it was created
    """
    code = _taken_code(redemption)
    redemption.created_at = redemption.updated_at = now
    news = [] if redemption.status == Status.PENDING_APPROVAL else go_on(redemption, code=code, now=now)
    told = [*(happened(topic, redemption) for topic in (CREATED, *more)), *news]
    cursor = database.prepared_cursor()
    cursor.execute(PLACE, [tables.document(redemption), events.items(told), now])
    if not cursor.fetchone()[0]:
        raise OutOfStock
    redemption._state.adding = False
    events.announce(told)
    return redemption


def _taken_code(redemption: Redemption) -> str | None:
    """A code out of the reward's pool, if it has one. It is the redemption's, also while nobody may see it yet."""
    pool_id = redemption.reward.code_pool_id
    if pool_id is None:
        return None
    code = codes.allocate(business=redemption.business, pool_id=pool_id, redemption_id=redemption.pk)
    if code is None:
        raise OutOfStock
    return code
