"""Who may have what, and why not: one judgement for the redeem, the lists and the widget."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Exists, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from advocates.models import Advocate
from loyalty.kernel import clock
from loyalty.kernel.errors import Code, NotFound
from loyalty.models import Account, Business
from loyalty.selectors import ledger
from rewards.models import Redemption, Reward


@dataclass(frozen=True, slots=True)
class Standing:
    """A reward, and what decides whether one person may have it."""

    reward: Reward
    tier_key: str | None
    had: int  # pieces of it that the person holds
    now: datetime

    def refusal(self, *, quantity: int = 1, at: datetime | None = None) -> Code | None:
        """Why the person cannot have so many pieces, points aside; None when they can."""
        reward = self.reward
        if not reward.is_on_offer(at=at or self.now):
            return Code.REWARD_INACTIVE
        if reward.tier_keys and self.tier_key not in reward.tier_keys:
            return Code.NOT_ELIGIBLE
        if reward.per_advocate_limit is not None and self.had + quantity > reward.per_advocate_limit:
            return Code.LIMIT_REACHED
        if reward.stock_remaining is not None and quantity > reward.stock_remaining:
            return Code.OUT_OF_STOCK
        return None


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward as one person sees it. `reason` says why they cannot have it now; None when they can."""

    reward: Reward
    eligible: bool
    points_missing: int
    reason: Code | None

    @property
    def affordable(self) -> bool:
        return self.points_missing == 0


def with_standing(rewards: "QuerySet[Reward]", *, business: Business, advocate_id: UUID) -> "QuerySet[Reward]":
    """Annotate rewards for `standing_of`. The clock is the database's: a sandbox's may have been moved just now."""
    account = Account.objects.for_business(business).filter(pk=advocate_id)
    redeemed = Redemption.objects.for_business(business).filter(advocate_id=advocate_id)
    held = redeemed.exclude(status=Redemption.Status.CANCELLED)
    had = held.filter(reward=OuterRef("pk")).order_by().values("reward").annotate(pieces=Sum("quantity"))
    return rewards.annotate(
        clock_offset=F("business__clock_offset"),
        tier_key=Subquery(account.values("tier__key")),
        had=Coalesce(Subquery(had.values("pieces")), Value(0), output_field=BigIntegerField()),
    )


def standing_of(reward: Any) -> Standing:
    """What `with_standing` found out about a reward."""
    return Standing(reward, reward.tier_key, reward.had, clock.now(reward))


def standing(*, business: Business, reward_id: UUID, advocate_id: UUID) -> Standing:
    """One person before one reward.

    :raises NotFound: if the business has no such reward, or no such advocate
    """
    rewards = Reward.objects.for_business(business).filter(pk=reward_id)
    people = Advocate.objects.for_business(business).filter(pk=advocate_id)
    found = (
        with_standing(rewards, business=business, advocate_id=advocate_id).annotate(is_known=Exists(people)).first()
    )
    if found is None:
        raise NotFound("reward")
    if not found.is_known:
        raise NotFound("advocate", field="advocateId")
    return standing_of(found)


def offers(rewards: Iterable[Reward], *, business: Business, advocate_id: UUID) -> list[Offer]:
    """What `with_standing` annotated, as that person sees it, in one more query."""
    balance = ledger.wallets(business=business, account_ids=[advocate_id])[advocate_id].amount
    return [_offer(standing_of(reward), balance) for reward in rewards]


def shop_window(*, business: Business, account_id: UUID) -> list[Offer]:
    """All that is on offer now, the cheapest first, also what this person cannot have: two queries."""
    rewards = Reward.objects.for_business(business).filter(status=Reward.Status.ACTIVE)
    annotated = with_standing(rewards, business=business, advocate_id=account_id).order_by("points_cost", "id")
    shown = offers(annotated, business=business, advocate_id=account_id)
    return [offer for offer in shown if offer.reason is not Code.REWARD_INACTIVE]


def _offer(standing: Standing, balance: int) -> Offer:
    missing = max(standing.reward.points_cost - balance, 0)
    refusal = standing.refusal()
    reason = refusal or (Code.INSUFFICIENT_POINTS if missing else None)
    return Offer(standing.reward, refusal is None, missing, reason)
