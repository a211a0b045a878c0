"""The benefit `reward`: what a quest, a rule or a tier gives for nothing, as a redemption without points."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Business
from loyalty.services import ledger
from loyalty.services.kinds.benefits.base import Benefit, Document, Occasion, comes_back
from rewards.models import Redemption, Reward
from rewards.services import kinds, redemptions


class RewardBenefit(Benefit, tag="reward", kw_only=True):
    reward: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1


SHAPE = RewardBenefit


def check(benefit: RewardBenefit, *, business: Business, field: str) -> None:
    """Drafts may be given, though nobody can buy them; archived rewards not."""
    reward = _rewards(business, benefit.reward).exclude(status=Reward.Status.ARCHIVED).first()
    if reward is None:
        raise NotFound("reward", field=f"{field}.reward")
    if kinds.kind_of(reward.type).GIVES_ITEM:
        raise Invalid("Give the item itself: a benefit of the kind item.", field=f"{field}.reward")
    is_single = reward.increment_min is not None or not kinds.kind_of(reward.type).SELLS_SEVERAL
    if benefit.quantity > 1 and is_single:
        raise Invalid("This reward comes one at a time.", field=f"{field}.quantity")


def dangling(benefit: RewardBenefit, document: Document) -> Iterator[tuple[str, str]]:
    known = document.get("rewards")
    if known is not None and benefit.reward not in {reward.key for reward in known}:
        yield "reward", f"The programme has no reward {benefit.reward!r}."


def points_of(benefit: RewardBenefit) -> int:
    return 0


def give(benefit: RewardBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    """:raises redemptions.OutOfStock: if not enough is left"""
    reward_id = _rewards(business, benefit.reward).values_list("pk", flat=True).first()
    if reward_id is None:
        raise NotFound("reward")
    redemptions.give(
        business=business,
        reward_id=reward_id,
        advocate_id=account_id,
        source=occasion.source,
        quantity=benefit.quantity,
    )
    return 0


def take_back(benefit: RewardBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    """:raises redemptions.WrongState: if it was used or handed over already"""
    source = occasion.source
    given = Redemption.objects.for_business(business).filter(source_type=source.type, source_id=source.id)
    redemption = given.first()
    if redemption is None:
        raise NotFound("redemption")
    if redemption.status == Redemption.Status.CANCELLED:
        raise ledger.AlreadyReversed
    redemptions.cancel(business=business, redemption_id=redemption.pk)
    return 0


def recover(benefit: RewardBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> bool:
    return comes_back(lambda: take_back(benefit, business=business, account_id=account_id, occasion=occasion))


def _rewards(business: Business, key: str) -> "QuerySet[Reward]":
    return Reward.objects.for_business(business).filter(key=key)
