"""The catalogue and the code pools in the programme's document. Codes themselves are never in it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from loyalty.kernel import points
from loyalty.kernel.errors import DomainError
from loyalty.models import Business
from loyalty.services import programme
from loyalty.services.programme import Document, Problem
from rewards.models import CodePool, Reward
from rewards.models.rewards import DEFAULT_PREFIX
from rewards.services import pools, rewards

Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)")]
Points = Annotated[int, Meta(ge=1, le=points.MAX_MOVE)]
Moment = Annotated[datetime, Meta(tz=True)]
Keys = Annotated[list[Key], Meta(max_length=50)]
# What the service calls a field, and what the document does.
NAMES = {
    "tier_keys": "tiers",
    "segment_keys": "segments",
    "code_pool_key": "code_pool",
    "gift_product_key": "gift_product",
}


class Item(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    key: Key


class CodePoolItem(Item, kw_only=True):
    title: Annotated[str, Meta(min_length=1, max_length=120)]


class IncrementsItem(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    min: Points
    max: Points
    step: Points = 1


class GivenItem(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    set: Key
    item: Key


class RewardItem(Item, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    type: Annotated[str, Meta(max_length=40)]
    points_cost: Points
    description: Annotated[str, Meta(max_length=5000)] = ""
    value: Decimal | None = None
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")] | None = None
    stock: Annotated[int, Meta(ge=0, le=points.MAX_MOVE)] | None = None
    status: Literal["active", "draft"] = "active"
    code_prefix: Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,16}$(?!\n)")] = DEFAULT_PREFIX
    per_advocate_limit: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    min_spend: Decimal | None = None
    product_id: Annotated[str, Meta(max_length=128)] | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    tiers: Keys = []
    segments: Keys = []
    code_pool: Key | None = None
    item: GivenItem | None = None
    gift_product: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    increments: IncrementsItem | None = None
    approval: bool = False
    acknowledgement: Literal["none", "required"] = "none"
    acknowledge_within_hours: Annotated[int, Meta(ge=1, le=8760)] = 24
    expires_after_days: Annotated[int, Meta(ge=1, le=36500)] | None = None


def export_pools(business: Business) -> list[CodePoolItem]:
    live = CodePool.objects.for_business(business).filter(archived_at=None).order_by("key")
    return [CodePoolItem(key=pool.key, title=pool.title) for pool in live]


def apply_pools(business: Business, items: Sequence[CodePoolItem]) -> None:
    """Rewards that took codes from what is archived here are archived with their own section."""
    pools.put(business=business, titles={item.key: item.title for item in items})


def export_rewards(business: Business) -> list[RewardItem]:
    rows = Reward.objects.for_business(business).exclude(status=Reward.Status.ARCHIVED)
    return [_item(reward) for reward in rows.select_related("code_pool", "item__set", "gift_product").order_by("key")]


def apply_rewards(business: Business, items: Sequence[RewardItem]) -> None:
    """:raises DomainError: what the catalogue refuses, with the path in the document"""
    known = {reward.key: reward for reward in Reward.objects.for_business(business)}
    for place, item in enumerate(items):
        try:
            _put(business, known.get(item.key), item)
        except DomainError as error:
            error.field = f"rewards.{place}" + (f".{error.field}" if error.field else "")
            raise
    named = {item.key for item in items}
    for reward in known.values():
        if reward.key not in named and reward.status != Reward.Status.ARCHIVED:
            rewards.update(business=business, reward_id=reward.pk, status=Reward.Status.ARCHIVED)


def check_rewards(items: Sequence[RewardItem], document: Document) -> Iterable[Problem]:
    """Tiers, segments, pools and items that the document does not have."""
    ladders = [ladder for ladder in document.get("milestoneSets", ()) if ladder.is_tier]
    known = {
        "tiers": {step.key for ladder in ladders for step in ladder.milestones},
        "segments": programme.groups_of(document),
        "codePool": {pool.key for pool in document.get("codePools", ())},
    }
    items_there = {(each.key, one.key) for each in document.get("inventorySets", ()) for one in each.items}
    for place, item in enumerate(items):
        pool = [item.code_pool] if item.code_pool else []
        named = {"tiers": item.tiers, "segments": item.segments, "codePool": pool}
        yield from _dangling(f"rewards.{place}", named, known)
        if item.item and (item.item.set, item.item.item) not in items_there:
            yield Problem(path=f"rewards.{place}.item", message=f"The document has no item {item.item.item!r} there.")


def _dangling(
    path: str, named: Mapping[str, Sequence[str]], known: Mapping[str, Collection[str]]
) -> Iterable[Problem]:
    for section, keys in named.items():
        for place, key in enumerate(keys):
            if key not in known[section]:
                where = f"{path}.{section}" if section == "codePool" else f"{path}.{section}.{place}"
                yield Problem(path=where, message=f"The document has no {section} {key!r}.")


def _put(business: Business, reward: Reward | None, item: RewardItem) -> None:
    said = _said(item)
    if reward is None:
        rewards.create(business=business, **said)
    else:
        rewards.update(business=business, reward_id=reward.pk, **said)


def _said(item: RewardItem) -> Any:
    """What the item says, as the service takes it: everything, so that the reward reads as the document does."""
    said = msgspec.structs.asdict(item)
    for ours, name in NAMES.items():
        said[ours] = said.pop(name)
    increments = item.increments
    said["increments"] = increments and rewards.Increments(increments.min, increments.max, increments.step)
    said["item"] = item.item and rewards.Item(item.item.set, item.item.item)
    return {**said, "currency": item.currency or "", "product_id": item.product_id or ""}


def _item(reward: Reward) -> RewardItem:
    value, min_spend = rewards.value_of(reward), rewards.min_spend_of(reward)
    increments, item = rewards.increments_of(reward), rewards.item_of(reward)
    same = ("key", "name", "type", "points_cost", "description", "stock", "status", "code_prefix")
    limits = ("per_advocate_limit", "starts_at", "ends_at", "expires_after_days")
    steps = ("approval", "acknowledgement", "acknowledge_within_hours")
    return RewardItem(
        **{name: getattr(reward, name) for name in (*same, *limits, *steps)},
        value=None if value is None else Decimal(value),
        min_spend=None if min_spend is None else Decimal(min_spend),
        currency=reward.currency or None,
        product_id=reward.product_id or None,
        tiers=list(reward.tier_keys),
        segments=list(reward.segment_keys),
        code_pool=None if reward.code_pool is None else reward.code_pool.key,
        gift_product=None if reward.gift_product is None else reward.gift_product.key,
        increments=None if increments is None else IncrementsItem(**increments._asdict()),
        item=None if item is None else GivenItem(**item._asdict()),
    )
