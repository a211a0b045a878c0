"""What the data of each topic looks like, for whoever reads it: the JSON schemas are made of these."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

Natural = Annotated[int, msgspec.Meta(ge=0)]


class Data(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Fields without a default are always there."""


class StepInEvent(Data):
    """A tier by its id, or a milestone of another ladder by its key."""

    id: str
    title: str


class CustomerInEvent(Data):
    """The person, as at publication; `pointBalance` is what they had right after the event."""

    id: UUID
    external_id: str | None
    email: str | None
    name: str | None
    birthday_month: int | None
    birthday_day: int | None
    referral_url: str | None
    point_balance: int
    current_loyalty_tier: StepInEvent | None
    created_at: datetime
    updated_at: datetime


class CustomerData(Data):
    """The person is null if they were erased before the event was published."""

    customer: CustomerInEvent | None


class CustomerUpdatedData(CustomerData):
    """Also says whom an advocate was merged with, or split from."""

    merged_advocate_id: UUID | UnsetType = UNSET
    split_advocate_id: UUID | UnsetType = UNSET


class CustomerErasedData(Data):
    id: UUID


class PointsData(CustomerData):
    """A movement of points. `action` is the rule's kind or `reward`; `id` is the transaction's."""

    id: UUID
    action: str | None
    points: Natural
    type: Literal["credit", "debit"]
    rule_id: UUID | None
    reward_type: str | None
    reward_id: UUID | None
    redemption_id: UUID | None
    value: str | None
    currency: str | None


class PointsRedeemedData(PointsData):
    coupon_code: str | None


class PointsExpiringData(PointsData):
    """A warning: `id` is its own."""

    expires_at: datetime
    warn_days: int


class TierChangedData(CustomerData):
    old_tier: StepInEvent | None
    new_tier: StepInEvent | None


class TierEntryRewardData(CustomerData):
    id: UUID
    tier: StepInEvent | None
    points: Natural


class MilestoneChangedData(CustomerData):
    milestone_set: str
    old_milestone: StepInEvent | None
    new_milestone: StepInEvent | None


class QuestCompletedData(CustomerData):
    id: UUID
    quest_id: UUID
    quest_key: str
    completed_at: datetime


class TaskCompletedData(QuestCompletedData):
    task_id: UUID
    task_key: str


class ItemData(CustomerData):
    id: UUID
    set: str
    item: str
    quantity: int
    held: int
    action: str


class RedemptionData(CustomerData):
    """`quantity` is what it was multiplied by; `reason` says why it was cancelled."""

    id: UUID
    reward_id: UUID
    reward_name: str
    reward_type: str
    advocate_id: UUID
    status: str
    points: int
    quantity: int
    coupon_code: str | None
    value: str | None
    currency: str | None
    expires_at: datetime | None
    reason: str | None
    created_at: datetime
    updated_at: datetime


class ReferralData(CustomerData):
    id: UUID
    friend_customer: CustomerInEvent | None
    friend_email: str | None
    customer_reward: str | None
    friend_reward: str | None
    code: str
    order_id: str | None
    reason: str | None


class TestimonialData(CustomerData):
    id: UUID
    rating: int
    title: str
    body: str
    status: str


class IdeaData(CustomerData):
    id: UUID
    board_id: UUID
    title: str
    body: str
    status: str
    votes: Natural


class IdeaMovedData(IdeaData):
    previous_status: str
    response: str | None
    is_author: bool


class AnswerInEvent(Data):
    question: str
    answer: Any


class SurveyAnsweredData(CustomerData):
    id: UUID
    survey_id: UUID
    score: int | None
    answers: list[AnswerInEvent]


class GiftOrderData(Data):
    id: UUID
    reference: str
    status: str


class GiftCardData(Data):
    id: UUID
    order_id: UUID
    status: str


class GiftCardBouncedData(GiftCardData):
    fallback: Literal["link"] | None


class GiftCardCancelledData(GiftCardData):
    reason: Literal["unclaimed"]


class CodesGuessedData(Data):
    """Somebody tries codes: how many were wrong within a minute, at which gift account."""

    id: UUID
    refused: int


class EndpointDisabledData(Data):
    """Of an endpoint that was deleted since, only the id is known."""

    id: UUID
    url: str | None
    topics: list[str] | None
    reason: str


PAYLOADS: Mapping[str, type[Data]] = {
    "points/earned": PointsData,
    "points/redeemed": PointsRedeemedData,
    "points/pending": PointsData,
    "points/adjusted": PointsData,
    "points/reversed": PointsData,
    "points/expiring": PointsExpiringData,
    "points/expired": PointsData,
    "customers/joined": CustomerData,
    "customers/updated": CustomerUpdatedData,
    "customers/tier_changed": TierChangedData,
    "customers/tier_entry_reward_earned": TierEntryRewardData,
    "customers/milestone_changed": MilestoneChangedData,
    "customers/erased": CustomerErasedData,
    "tasks/completed": TaskCompletedData,
    "quests/completed": QuestCompletedData,
    "inventory/received": ItemData,
    "inventory/lost": ItemData,
    "redemptions/created": RedemptionData,
    "redemptions/given": RedemptionData,
    "redemptions/issued": RedemptionData,
    "redemptions/fulfilled": RedemptionData,
    "redemptions/cancelled": RedemptionData,
    "redemptions/used": RedemptionData,
    "redemptions/expired": RedemptionData,
    "referrals/started": ReferralData,
    "referrals/completed": ReferralData,
    "referrals/rejected": ReferralData,
    "testimonials/submitted": TestimonialData,
    "testimonials/approved": TestimonialData,
    "testimonials/rejected": TestimonialData,
    "ideas/submitted": IdeaData,
    "ideas/status_changed": IdeaMovedData,
    "surveys/answered": SurveyAnsweredData,
    "gift_orders/completed": GiftOrderData,
    "gift_orders/failed": GiftOrderData,
    "gift_cards/delivered": GiftCardData,
    "gift_cards/bounced": GiftCardBouncedData,
    "gift_cards/viewed": GiftCardData,
    "gift_cards/cancelled": GiftCardCancelledData,
    "gift_cards/guessed": CodesGuessedData,
    "endpoints/disabled": EndpointDisabledData,
}
