"""The catalogue is written here: what points buy."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import TypedDict, Unpack
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify

from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import Business
from loyalty.selectors import tiers
from rewards.models import Reward
from rewards.services import kinds
from rewards.services.kinds import worth

UNWRITTEN = {"id", "business", "taken", "created_at"}
WRITTEN = [column.name for column in Reward._meta.concrete_fields if column.name not in UNWRITTEN]


class KeyTaken(Conflict):
    def __init__(self, key: str) -> None:
        super().__init__(f"Another reward has the key {key!r}. Choose another one.", field="key")


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
    per_advocate_limit: int | None
    min_spend: Decimal | None
    code_prefix: str
    product_id: str


class Changes(Details, total=False):
    name: str
    type: str
    points_cost: int


@transaction.atomic
def create(*, business: Business, name: str, type: str, points_cost: int, **details: Unpack[Details]) -> Reward:
    """Put a reward into the catalogue. Its key is made from its name where none is given.

    :raises Invalid: if there is no such type, or the details do not fit it or each other
    :raises NotFound: if the programme has no such tier
    :raises KeyTaken: if another reward has the key
    """
    business = _locked(business)
    now = clock.now(business)
    reward = Reward(business=business, created_at=now, updated_at=now)
    _put(reward, {"key": _free_key(business, name), "name": name, "type": type, "points_cost": points_cost, **details})
    reward.save(force_insert=True)
    return reward


@transaction.atomic
def update(*, business: Business, reward_id: UUID, **changes: Unpack[Changes]) -> Reward:
    """Change a reward. What is sold already stays as it was sold; every redeem from now on sees the change.

    :raises NotFound: if the business has no such reward, or its programme no such tier
    :raises Invalid, KeyTaken: as `create`
    """
    business = _locked(business)
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
    return kinds.kind_of(reward.type).worth(reward, quantity=1).value


def min_spend_of(reward: Reward) -> str | None:
    return worth.spelled(reward.min_spend_minor, reward.currency)


def _locked(business: Business) -> Business:
    """The business as it is now. Its lock makes catalogues change one step at a time, so that keys stay unique."""
    return Business.objects.select_for_update(no_key=True).get(pk=business.pk)


def _put(reward: Reward, said: Changes) -> None:
    value, min_spend = said.pop("value", None), said.pop("min_spend", None)
    for name, given in said.items():
        setattr(reward, name, given)
    reward.tier_keys = list(dict.fromkeys(reward.tier_keys))
    reward.min_spend_minor = worth.minor(reward, min_spend, field="minSpend")
    kinds.kind_of(reward.type).fill(reward, value=value)
    _check_key(reward)
    _check_bounds(reward)
    if "tier_keys" in said:
        _check_tiers(reward)


def _check_key(reward: Reward) -> None:
    if Reward.objects.for_business(reward.business).filter(key=reward.key).exclude(pk=reward.pk).exists():
        raise KeyTaken(reward.key)


def _check_bounds(reward: Reward) -> None:
    if reward.starts_at and reward.ends_at and reward.ends_at <= reward.starts_at:
        raise Invalid("endsAt must be later than startsAt.", field="endsAt")
    if reward.stock is not None and reward.stock < reward.taken:
        message = f"{reward.taken} are redeemed already: stock, the total offered, cannot be less."
        raise Invalid(message, field="stock")


def _check_tiers(reward: Reward) -> None:
    known = {tier.key for tier in tiers.tiers_of(reward.business)}
    for place, key in enumerate(reward.tier_keys):
        if key not in known:
            raise NotFound("tier", field=f"tierKeys.{place}")


def _free_key(business: Business, name: str) -> str:
    base = slugify(name)[:56].strip("-_") or "reward"
    taken = set(Reward.objects.for_business(business).filter(key__startswith=base).values_list("key", flat=True))
    return base if base not in taken else next(key for n in count(2) if (key := f"{base}-{n}") not in taken)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
