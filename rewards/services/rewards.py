"""The catalogue is written here: what points buy."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypedDict, Unpack
from uuid import UUID

from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Business
from loyalty.selectors import inventory, segments, tiers
from loyalty.services import naming
from rewards.models import GiftProduct, Reward
from rewards.selectors import pools
from rewards.services import gift_products, kinds, prices
from rewards.services.kinds import worth

NOUN = "reward"
UNWRITTEN = {"id", "business", "taken", "created_at"}
WRITTEN = [column.name for column in Reward._meta.concrete_fields if column.name not in UNWRITTEN]


class Increments(NamedTuple):
    """The prices that a reward is sold for: min, min + step, … up to max points."""

    min: int
    max: int
    step: int


class Item(NamedTuple):
    """An item of the inventory, by the keys of its set and its own."""

    set: str
    item: str


NO_INCREMENTS = (None, None, None)


class Details(TypedDict, total=False):
    """What a caller may say about a reward. `value` is money or a percentage, as the type has it."""

    key: str
    description: str
    status: str
    value: Decimal | None
    currency: str
    stock: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    tier_keys: Sequence[str]
    segment_keys: Sequence[str]
    per_advocate_limit: int | None
    min_spend: Decimal | None
    code_prefix: str
    product_id: str
    code_pool_key: str | None
    item: Item | None
    gift_product_key: str | None
    increments: Increments | None
    approval: bool
    acknowledgement: str
    acknowledge_within_hours: int
    expires_after_days: int | None


class Changes(Details, total=False):
    name: str
    type: str
    points_cost: int


@transaction.atomic
def create(*, business: Business, name: str, type: str, points_cost: int, **details: Unpack[Details]) -> Reward:
    """Put a reward into the catalogue. Its key is made from its name where none is given.

    :raises Invalid: if there is no such type, or the details do not fit it or each other
    :raises NotFound: if the programme has no such tier, segment, code pool, item or gift card product
    :raises naming.KeyTaken: if another reward has the key
    """
    business = naming.lock(business)
    now = clock.now(business)
    reward = Reward(business=business, created_at=now, updated_at=now)
    key = naming.key_for(Reward.objects.for_business(business), key=details.get("key"), title=name, noun=NOUN)
    _put(reward, {**details, "key": key, "name": name, "type": type, "points_cost": points_cost})
    reward.save(force_insert=True)
    return reward


@transaction.atomic
def update(*, business: Business, reward_id: UUID, **changes: Unpack[Changes]) -> Reward:
    """Change a reward. What is sold already stays as it was sold; every redeem from now on sees the change.

    :raises NotFound: if the business has no such reward, or its programme not what it names, as `create`
    :raises Invalid, naming.KeyTaken: as `create`
    """
    business = naming.lock(business)
    reward = Reward.objects.for_business(business).select_for_update(no_key=True).filter(pk=reward_id).first()
    if reward is None:
        raise NotFound("reward")
    reward.business = business
    reward.updated_at = clock.now(business)
    if changes.get("type", reward.type) == reward.type:
        changes.setdefault("value", _decimal(value_of(reward)))
    changes.setdefault("min_spend", _decimal(min_spend_of(reward)))
    _put(reward, changes)
    reward.save(update_fields=WRITTEN)
    return reward


def value_of(reward: Reward) -> str | None:
    """`value` as callers spell it."""
    return kinds.kind_of(reward.type).worth(reward, times=kinds.ONCE).value


def min_spend_of(reward: Reward) -> str | None:
    return worth.spelled(reward.min_spend_minor, reward.currency)


def increments_of(reward: Reward) -> Increments | None:
    if reward.increment_min is None or reward.increment_max is None or reward.increment_step is None:
        return None
    return Increments(reward.increment_min, reward.increment_max, reward.increment_step)


def item_of(reward: Reward) -> Item | None:
    """What it gives, with its set loaded."""
    return None if reward.item is None else Item(reward.item.set.key, reward.item.key)


def _put(reward: Reward, said: Changes) -> None:
    value, min_spend = said.pop("value", None), said.pop("min_spend", None)
    if "increments" in said:
        increments = said.pop("increments") or NO_INCREMENTS
        reward.increment_min, reward.increment_max, reward.increment_step = increments
    if "code_pool_key" in said:
        _put_pool(reward, said.pop("code_pool_key"))
    if "item" in said:
        _put_item(reward, said.pop("item"))
    if "gift_product_key" in said:
        _put_gift_product(reward, said.pop("gift_product_key"))
    for name, given in said.items():
        setattr(reward, name, given)
    reward.tier_keys = list(dict.fromkeys(reward.tier_keys))
    reward.segment_keys = list(dict.fromkeys(reward.segment_keys))
    reward.min_spend_minor = worth.minor(reward, min_spend, field="minSpend")
    kinds.kind_of(reward.type).fill(reward, value=value)
    _check(reward, said)


def _put_pool(reward: Reward, key: str | None) -> None:
    known = pools.live_keys(business=reward.business)
    if key is not None and key not in known:
        raise NotFound("code pool", field="codePoolKey")
    reward.code_pool_id = None if key is None else known[key]


def _put_item(reward: Reward, named: Item | None) -> None:
    live = inventory.live_items(business=reward.business)
    reward.item = live.filter(set__key=named.set, key=named.item).first() if named else None
    if named and reward.item is None:
        raise NotFound("item", field="item")


def _put_gift_product(reward: Reward, key: str | None) -> None:
    offered = GiftProduct.objects.for_business(reward.business).filter(archived_at=None)
    reward.gift_product = offered.filter(key=key).first() if key is not None else None
    if key is not None and reward.gift_product is None:
        raise NotFound(gift_products.NOUN, field="giftProductKey")


def _check(reward: Reward, said: Changes) -> None:
    others = Reward.objects.for_business(reward.business).exclude(pk=reward.pk)
    naming.key_for(others, key=reward.key, title=reward.name, noun=NOUN)
    _check_bounds(reward)
    _check_pool(reward)
    _check_item(reward)
    prices.check_increments(reward)
    _check_gift_product(reward)
    _check_expiry(reward)
    if "tier_keys" in said:
        known = {tier.key for tier in tiers.tiers_of(reward.business)}
        _check_known(reward.tier_keys, known, noun="tier", field="tierKeys")
    if "segment_keys" in said:
        live = segments.live_keys(business=reward.business)
        _check_known(reward.segment_keys, live, noun="segment", field="segmentKeys")


def _check_pool(reward: Reward) -> None:
    takes_code = kinds.kind_of(reward.type).TAKES_CODE
    if takes_code and reward.code_pool_id is None:
        message = f"A reward of type {reward.type} needs a code pool. Say its key."
        raise Invalid(message, field="codePoolKey")
    if not takes_code and reward.code_pool_id is not None:
        message = f"A reward of type {reward.type} takes no codes from a pool. Make codePoolKey null."
        raise Invalid(message, field="codePoolKey")


def _check_item(reward: Reward) -> None:
    gives_item = kinds.kind_of(reward.type).GIVES_ITEM
    if gives_item and reward.item_id is None:
        raise Invalid(f"A reward of type {reward.type} needs an item. Say its set and its key.", field="item")
    if not gives_item and reward.item_id is not None:
        raise Invalid(f"A reward of type {reward.type} gives no item. Make item null.", field="item")


def _check_gift_product(reward: Reward) -> None:
    sends_card, product = kinds.kind_of(reward.type).SENDS_CARD, reward.gift_product
    if product is None:
        if sends_card:
            message = f"A reward of type {reward.type} needs a gift card product. Say its Id."
            raise Invalid(message, field="giftProductKey")
        return
    if not sends_card:
        message = f"A reward of type {reward.type} sends no gift card. Make giftProductKey null."
        raise Invalid(message, field="giftProductKey")
    if reward.currency != product.currency:
        raise Invalid(f"The product's cards are in {product.currency}.", field="currency")
    if reward.increment_min is not None and product.denominations_minor:
        raise Invalid("This product has fixed denominations: sell each as a reward of its own.", field="increments")
    product.business = reward.business
    for value in prices.bounds_of(reward):
        gift_products.check_giveable(product, value, field="giftProductKey", value_field="value")


def _check_expiry(reward: Reward) -> None:
    kind = kinds.kind_of(reward.type)
    if reward.expires_after_days is not None and not (kind.MAKES_COUPON or kind.TAKES_CODE):
        message = f"A reward of type {reward.type} has no coupon that could expire. Make expiresAfterDays null."
        raise Invalid(message, field="expiresAfterDays")


def _check_bounds(reward: Reward) -> None:
    if reward.starts_at and reward.ends_at and reward.ends_at <= reward.starts_at:
        raise Invalid("endsAt must be later than startsAt.", field="endsAt")
    if reward.stock is not None and reward.stock < reward.taken:
        message = f"{reward.taken} are redeemed already: stock, the total offered, cannot be less."
        raise Invalid(message, field="stock")


def _check_known(wanted: Sequence[str], known: Collection[str], *, noun: str, field: str) -> None:
    for place, key in enumerate(wanted):
        if key not in known:
            raise NotFound(noun, field=f"{field}.{place}")


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
