"""Rewards and redemptions as callers send and see them."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType, structs

from loyalty.api import types
from loyalty.api.paging import NumberedPage, NumberedQuery, PageQuery
from loyalty.api.parsing import Body
from loyalty.api.views import Shape
from loyalty.kernel.errors import Invalid
from rewards.api import examples
from rewards.models import Redemption, Reward
from rewards.models.rewards import DEFAULT_PREFIX
from rewards.selectors.offers import Offer
from rewards.services import kinds, rewards

Type = Annotated[str, Meta(max_length=40, extra_json_schema={"enum": list(kinds.KINDS)})]
Status = Literal["active", "draft", "archived"]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Prefix = Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,16}$(?!\n)")]
ProductId = Annotated[str, Meta(min_length=1, max_length=128)]
GiftProductKey = Annotated[str, Meta(min_length=1, max_length=64)]
Keys = Annotated[list[types.Key], Meta(max_length=50)]
Acknowledgement = Literal["none", "required"]
Days = Annotated[int, Meta(ge=1, le=36500)]
Hours = Annotated[int, Meta(ge=1, le=8760)]
RedemptionStatus = Literal[
    "pending_approval", "pending_acknowledgement", "issued", "used", "fulfilled", "cancelled", "expired"
]

WITHOUT: dict[str, Any] = {"description": "", "currency": "", "product_id": "", "code_prefix": DEFAULT_PREFIX}
LARGEST = Decimal(10) ** 15


def _amount(number: Decimal, field: str) -> Decimal:
    """A number that fits every amount: what it means, the reward's type decides."""
    if not number.is_finite() or abs(number) > LARGEST:
        raise Invalid(f"{field} is out of range.", field=field)
    return number


def _utc(moment: datetime, field: str) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Invalid(f"{field} is out of range.", field=field) from error


READERS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "value": ("value", _amount),
    "min_spend": ("minSpend", _amount),
    "starts_at": ("startsAt", _utc),
    "ends_at": ("endsAt", _utc),
}


class Increments(Body):
    """The prices that a reward is sold for, in points."""

    min: types.PositivePoints
    max: types.PositivePoints
    step: types.PositivePoints = 1


class NamedItem(Body):
    """An item of the inventory, by the keys of its set and its own."""

    set: types.Key
    item: types.Key


class RewardFields(Body):
    """What may be said of a reward; what is left out stays as it is."""

    key: types.Key | UnsetType = UNSET
    name: types.Name | UnsetType = UNSET
    description: types.Text5000 | None | UnsetType = UNSET
    points_cost: types.PositivePoints | UnsetType = UNSET
    type: Type | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    value: Decimal | None | UnsetType = UNSET
    currency: Currency | None | UnsetType = UNSET
    stock: types.Points | None | UnsetType = UNSET
    starts_at: types.Timestamp | None | UnsetType = UNSET
    ends_at: types.Timestamp | None | UnsetType = UNSET
    tier_keys: Keys | UnsetType = UNSET
    segment_keys: Keys | UnsetType = UNSET
    per_advocate_limit: types.Count | None | UnsetType = UNSET
    min_spend: Decimal | None | UnsetType = UNSET
    code_prefix: Prefix | None | UnsetType = UNSET
    product_id: ProductId | None | UnsetType = UNSET
    code_pool_key: types.Key | None | UnsetType = UNSET
    item: NamedItem | None | UnsetType = UNSET
    gift_product_key: GiftProductKey | None | UnsetType = UNSET
    increments: Increments | None | UnsetType = UNSET
    approval: bool | UnsetType = UNSET
    acknowledgement: Acknowledgement | UnsetType = UNSET
    acknowledge_within_hours: Hours | UnsetType = UNSET
    expires_after_days: Days | None | UnsetType = UNSET

    def said(self) -> rewards.Changes:
        """The fields that were sent, as the service takes them."""
        sent = {name: given for name, given in structs.asdict(self).items() if given is not UNSET}
        if isinstance(self.increments, Increments):
            sent["increments"] = rewards.Increments(*structs.astuple(self.increments))
        if isinstance(self.item, NamedItem):
            sent["item"] = rewards.Item(*structs.astuple(self.item))
        for name, nothing in WITHOUT.items():
            if name in sent and sent[name] is None:
                sent[name] = nothing
        for name, (field, read) in READERS.items():
            if sent.get(name) is not None:
                sent[name] = read(sent[name], field)
        return cast("rewards.Changes", sent)


class NewReward(RewardFields, kw_only=True):
    name: types.Name
    points_cost: types.PositivePoints
    type: Type


class ListRewards(NumberedQuery):
    status: Status | None = None
    type: str | None = None
    advocate_id: UUID | None = None


class NewRedemption(Body):
    advocate_id: UUID
    quantity: types.Count = 1
    points: types.PositivePoints | None = None


class Reason(Body):
    reason: types.Text500 = ""


class ListRedemptions(PageQuery):
    advocate_id: UUID | None = None
    reward_id: UUID | None = None
    status: RedemptionStatus | None = None


class RewardShape(Shape):
    """A reward. The last three fields are there when an advocate is named."""

    example = examples.REWARD

    id: UUID
    key: str
    name: str
    description: str
    type: str
    status: str
    points_cost: int
    value: str | None
    currency: str | None
    stock: int | None
    stock_remaining: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    tier_keys: list[str]
    segment_keys: list[str]
    per_advocate_limit: int | None
    min_spend: str | None
    code_prefix: str
    product_id: str | None
    code_pool_key: str | None
    item: NamedItem | None
    gift_product_key: str | None
    increments: Increments | None
    approval: bool
    acknowledgement: str
    acknowledge_within_hours: int
    expires_after_days: int | None
    created_at: datetime
    updated_at: datetime
    affordable: bool | UnsetType = UNSET
    eligible: bool | UnsetType = UNSET
    reason: str | None | UnsetType = UNSET


class RedemptionShape(Shape):
    example = examples.REDEMPTION

    id: UUID
    reward_id: UUID
    advocate_id: UUID
    status: str
    points: int
    quantity: int
    coupon_code: str | None
    expires_at: datetime | None
    reason: str | None
    created_at: datetime
    updated_at: datetime


class OneReward(Shape):
    reward: RewardShape


class RewardPage(Shape):
    rewards: list[RewardShape]
    total: int
    total_is_capped: bool
    page: int
    next_cursor: str | None


class OneRedemption(Shape):
    redemption: RedemptionShape


class RedemptionPage(Shape):
    redemptions: list[RedemptionShape]
    next_cursor: str | None


def reward(row: Reward) -> RewardShape:
    """Its pool, its item with the set, and its gift card product are loaded, if it has them."""
    increments, item = rewards.increments_of(row), rewards.item_of(row)
    return RewardShape(
        id=row.pk,
        key=row.key,
        name=row.name,
        description=row.description,
        type=row.type,
        status=row.status,
        points_cost=row.points_cost,
        value=rewards.value_of(row),
        currency=row.currency or None,
        stock=row.stock,
        stock_remaining=row.stock_remaining,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        tier_keys=row.tier_keys,
        segment_keys=row.segment_keys,
        per_advocate_limit=row.per_advocate_limit,
        min_spend=rewards.min_spend_of(row),
        code_prefix=row.code_prefix,
        product_id=row.product_id or None,
        code_pool_key=None if row.code_pool is None else row.code_pool.key,
        item=None if item is None else NamedItem(**item._asdict()),
        gift_product_key=None if row.gift_product is None else row.gift_product.key,
        increments=None if increments is None else Increments(**increments._asdict()),
        approval=row.approval,
        acknowledgement=row.acknowledgement,
        acknowledge_within_hours=row.acknowledge_within_hours,
        expires_after_days=row.expires_after_days,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def offer(offer: Offer) -> RewardShape:
    return structs.replace(
        reward(offer.reward), affordable=offer.affordable, eligible=offer.eligible, reason=offer.reason
    )


def reward_page(page: NumberedPage[Reward], shown: list[RewardShape]) -> RewardPage:
    return RewardPage(
        rewards=shown,
        total=page.total,
        total_is_capped=page.total_is_capped,
        page=page.page,
        next_cursor=page.next_cursor,
    )


def redemption(row: Redemption) -> RedemptionShape:
    return RedemptionShape(
        id=row.pk,
        reward_id=row.reward_id,
        advocate_id=row.advocate_id,
        status=row.status,
        points=row.points,
        quantity=row.quantity,
        coupon_code=row.coupon_code,
        expires_at=row.expires_at,
        reason=row.reason or None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
