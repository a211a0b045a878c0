"""Who may have what, and why not: one judgement for the redeem, the lists and the widget."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import BigIntegerField, Exists, F, OuterRef, QuerySet, Subquery, Sum, UUIDField, Value
from django.db.models.functions import Coalesce

from advocates.models import Advocate
from loyalty.kernel import clock, database
from loyalty.kernel.errors import Code as Reason
from loyalty.kernel.errors import NotFound
from loyalty.models import Account, Business, Holding
from loyalty.selectors import ledger, segments
from rewards.models import Code, GiftFunds, GiftStock, Redemption, Reward

NAMES = [field.attname for field in Reward._meta.concrete_fields]
# A reward, the business's clock, and whether the person is there: everybody who redeems asks for this.
PLAIN = f"""
    SELECT EXISTS (SELECT FROM {Advocate._meta.db_table} a WHERE a.account_id = %s AND a.business_id = b.id),
        b.clock_offset, b.engine_stamp, {", ".join(f"r.{field.column}" for field in Reward._meta.concrete_fields)}
    FROM {Reward._meta.db_table} r JOIN {Business._meta.db_table} b ON b.id = r.business_id
    WHERE r.id = %s AND r.business_id = %s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A reward, and what decides whether one person may have it."""

    reward: Reward
    tier_key: str | None
    segment_keys: Sequence[str]
    had: int  # pieces of it that the person holds
    has_code: bool  # whether the pool that its codes come from, if there is one, is not empty
    holds: int  # pieces of its item, if it has one, that the person has
    is_payable: bool  # whether the deposit covers its gift card, if it is one
    now: datetime
    stamp: int | None = None  # of the engine, where nothing had to be looked up

    def refusal(self, *, quantity: int = 1, at: datetime | None = None) -> Reason | None:
        """Why the person cannot have so many pieces, points aside; None when they can."""
        reward = self.reward
        if not reward.is_on_offer(at=at or self.now):
            return Reason.REWARD_INACTIVE
        if not self._is_meant():
            return Reason.NOT_ELIGIBLE
        if reward.per_advocate_limit is not None and self.had + quantity > reward.per_advocate_limit:
            return Reason.LIMIT_REACHED
        if reward.item is not None and not reward.item.stackable and self.holds + quantity > 1:
            return Reason.LIMIT_REACHED
        if not self._is_left(quantity):
            return Reason.OUT_OF_STOCK
        return None if self.is_payable else Reason.INSUFFICIENT_FUNDS

    def _is_meant(self) -> bool:
        """Whether the person is on one of the tiers, and in one of the segments, that the reward asks for."""
        reward = self.reward
        tier_fits = not reward.tier_keys or self.tier_key in reward.tier_keys
        return tier_fits and (not reward.segment_keys or not set(reward.segment_keys).isdisjoint(self.segment_keys))

    def _is_left(self, quantity: int) -> bool:
        reward, remaining = self.reward, self.reward.stock_remaining
        is_in_stock = remaining is None or quantity <= remaining
        has_item = reward.item is None or reward.item.has_left(quantity)
        return is_in_stock and has_item and self.has_code


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward as one person sees it. `reason` says why they cannot have it now; None when they can."""

    reward: Reward
    eligible: bool
    points_missing: int
    reason: Reason | None

    @property
    def affordable(self) -> bool:
        return self.points_missing == 0


def with_standing(rewards: "QuerySet[Reward]", *, business: Business, advocate_id: UUID) -> "QuerySet[Reward]":
    """Annotate rewards for `standing_of`. The clock is the database's: a sandbox's may have been moved just now."""
    account = Account.objects.for_business(business).filter(pk=advocate_id)
    redeemed = Redemption.objects.for_business(business).filter(advocate_id=advocate_id)
    held = redeemed.exclude(status=Redemption.Status.CANCELLED)
    groups = segments.current(business=business).filter(account_id=advocate_id)
    free = Code.objects.for_business(business).filter(redemption=None, card=None)
    stock = GiftStock.objects.for_business(business).filter(
        product=OuterRef("gift_product"), value_minor=OuterRef("value_minor")
    )
    funds = GiftFunds.objects.for_business(business).filter(currency=OuterRef("gift_product__currency"))
    had = held.filter(reward=OuterRef("pk")).order_by().values("reward").annotate(pieces=Sum("quantity"))
    held_item = Holding.objects.for_business(business).filter(account_id=advocate_id, item=OuterRef("item"))
    return rewards.select_related("item__set", "gift_product").annotate(
        clock_offset=F("business__clock_offset"),
        tier_key=Subquery(account.values("tier__key")),
        segments=ArraySubquery(groups.values("segment__key")),
        supply=Coalesce("code_pool", Subquery(stock.values("pool")), output_field=UUIDField()),
        has_code=Exists(free.filter(pool=OuterRef("supply"))),
        deposit=Coalesce(Subquery(funds.values("available_minor")), Value(0), output_field=BigIntegerField()),
        had=Coalesce(Subquery(had.values("pieces")), Value(0), output_field=BigIntegerField()),
        holds=Coalesce(Subquery(held_item.values("quantity")), Value(0), output_field=BigIntegerField()),
    )


def standing_of(reward: Any) -> Standing:
    """What `with_standing` found out about a reward."""
    return Standing(
        reward,
        tier_key=reward.tier_key,
        segment_keys=reward.segments,
        had=reward.had,
        has_code=reward.supply is None or reward.has_code,
        holds=reward.holds,
        is_payable=reward.least_cost <= reward.deposit,
        now=clock.now(reward),
    )


def standing(*, business: Business, reward_id: UUID, advocate_id: UUID) -> Standing:
    """One person before one reward. What does not depend on them is not looked up: most rewards ask for nothing.

    :raises NotFound: if the business has no such reward, or no such advocate
    """
    cursor = database.prepared_cursor()
    cursor.execute(PLAIN, [advocate_id, reward_id, business.pk])
    row = cursor.fetchone()
    if row is None:
        raise NotFound("reward")
    is_known, clock_offset, stamp, *values = row
    if not is_known:
        raise NotFound("advocate", field="advocateId")
    found: Any = Reward.from_db(connection.alias, NAMES, values)
    found.clock_offset = clock_offset
    if found.is_personal or found.item_id or found.code_pool_id or found.gift_product_id:
        return full_standing(business=business, reward_id=reward_id, advocate_id=advocate_id)
    return Standing(
        found,
        tier_key=None,
        segment_keys=(),
        had=0,
        has_code=True,
        holds=0,
        is_payable=True,
        now=clock.now(found),
        stamp=stamp,
    )


def full_standing(*, business: Business, reward_id: UUID, advocate_id: UUID) -> Standing:
    """One person before one reward, both of which are there."""
    rewards = Reward.objects.for_business(business).filter(pk=reward_id)
    return standing_of(with_standing(rewards, business=business, advocate_id=advocate_id).get())


def offers(rewards: Iterable[Reward], *, business: Business, advocate_id: UUID) -> list[Offer]:
    """What `with_standing` annotated, as that person sees it, in one more query."""
    balance = ledger.wallets(business=business, account_ids=[advocate_id])[advocate_id].amount
    return [_offer(standing_of(reward), balance) for reward in rewards]


def shop_window(*, business: Business, account_id: UUID) -> list[Offer]:
    """All that is on offer now, the cheapest first, also what this person cannot have: two queries."""
    rewards = Reward.objects.for_business(business).filter(status=Reward.Status.ACTIVE).select_related("code_pool")
    annotated = with_standing(rewards, business=business, advocate_id=account_id).order_by(
        Coalesce("increment_min", "points_cost"), "id"
    )
    shown = offers(annotated, business=business, advocate_id=account_id)
    return [offer for offer in shown if offer.reason is not Reason.REWARD_INACTIVE]


def _offer(standing: Standing, balance: int) -> Offer:
    missing = max(standing.reward.price_from - balance, 0)
    refusal = standing.refusal()
    reason = refusal or (Reason.INSUFFICIENT_POINTS if missing else None)
    return Offer(standing.reward, refusal is None, missing, reason)
