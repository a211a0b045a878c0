"""Rewards for a merchant's backend that shows them to its users on pages of its own."""

from typing import Literal
from uuid import UUID

from django.db import transaction

from advocates.api import named
from loyalty.api.parsing import Body
from loyalty.api.views import Call, IntegrationView, Shape, get_or_404, operation
from loyalty.kernel.errors import Invalid
from loyalty.models import Business
from loyalty.services import wallets
from rewards.api import examples, shapes
from rewards.api.v1 import REFUSALS
from rewards.models import Redemption, Reward
from rewards.selectors import offers
from rewards.services import redemptions

TAGS = ("users",)
Way = Literal["EVENT", "MODERATION", "PROMO"]


class Redeeming(Body):
    """`type` is how the caller expects the reward to be handed over."""

    type: Way | None = None


class RedeemingOne(Redeeming, kw_only=True):
    reward_id: UUID


class OfferList(Shape):
    rewards: list[shapes.RewardShape]


class Redeemed(Shape):
    example = {"balance": 250}

    redemption: shapes.RedemptionShape
    balance: int


class Reply(Shape):
    example = {"reply": examples.REDEMPTION["couponCode"]}

    reply: str


class Rewards(IntegrationView):
    @operation(
        "List the rewards that a user sees",
        answer=OfferList,
        tags=TAGS,
        description=(
            "All that is on offer now, the cheapest first. affordable: the balance covers it. eligible: nothing else "
            "stands in the way. reason: why the user cannot have it now."
        ),
    )
    def get(self, call: Call[None, None], external_id: str) -> OfferList:
        user = named.settled_user(call, external_id)
        found = offers.shop_window(business=call.business, account_id=user.pk)
        return OfferList(rewards=[shapes.offer(offer) for offer in found])


class Redeem(IntegrationView):
    @operation(
        "Redeem a reward for a user",
        body=Redeeming,
        answer=Redeemed,
        errors=REFUSALS,
        tags=TAGS,
        example={"type": "EVENT"},
        description=(
            "type, where it is given, must be how the reward is handed over: EVENT, at once; MODERATION, when an "
            "operator has approved it; PROMO, a code out of a pool. With increments it is redeemed for the least."
        ),
    )
    @transaction.atomic
    def post(self, call: Call[Redeeming, None], external_id: str, reward_id: UUID) -> Redeemed:
        user = named.user(call, external_id)
        redemption = _redeem(call.business, reward_id, user.pk, call.body.type)
        wallet = wallets.of_one(business=call.business, account_id=user.pk)
        return Redeemed(redemption=shapes.redemption(redemption), balance=wallet.amount)


class RedeemNamed(IntegrationView):
    @operation(
        "Redeem a reward for a user, and get its code",
        body=RedeemingOne,
        answer=Reply,
        errors=REFUSALS,
        tags=TAGS,
        example={"rewardId": examples.REWARD["id"], "type": "PROMO"},
        description="reply is the code that the user may use now, or, where there is none, the redemption's status.",
    )
    def post(self, call: Call[RedeemingOne, None], external_id: str) -> Reply:
        user = named.user(call, external_id)
        redemption = _redeem(call.business, call.body.reward_id, user.pk, call.body.type, field="rewardId")
        return Reply(reply=redemption.coupon_code or redemption.status)


def _redeem(
    business: Business, reward_id: UUID, user_id: UUID, way: Way | None, *, field: str | None = None
) -> Redemption:
    reward = get_or_404(Reward.objects.for_business(business), noun="reward", field=field, pk=reward_id)
    expected = _way(reward)
    if way not in (None, expected):
        raise Invalid(f"This reward is handed over by {expected}. Send that type, or none.", field="type")
    return redemptions.redeem(business=business, reward_id=reward_id, advocate_id=user_id)


def _way(reward: Reward) -> Way:
    if reward.approval:
        return "MODERATION"
    return "PROMO" if reward.code_pool_id else "EVENT"
