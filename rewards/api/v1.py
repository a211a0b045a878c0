"""Rewards and redemptions for a merchant's backend."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from msgspec import structs

from advocates.models import Advocate
from loyalty.api.examples import ADVOCATE_ID
from loyalty.api.paging import page_by_cursor, page_numbered
from loyalty.api.views import Call, KeyView, Reply, get_or_404, operation
from loyalty.kernel.errors import Code
from rewards.api import shapes
from rewards.models import Redemption, Reward
from rewards.selectors import offers
from rewards.services import redemptions, rewards, steps

REFUSALS = (
    Code.INSUFFICIENT_POINTS,
    Code.OUT_OF_STOCK,
    Code.NOT_ELIGIBLE,
    Code.LIMIT_REACHED,
    Code.REWARD_INACTIVE,
    Code.CONFLICT,
    Code.INSUFFICIENT_FUNDS,
)


class Rewards(KeyView):
    @operation(
        "List rewards",
        query=shapes.ListRewards,
        answer=shapes.RewardPage,
        errors=(Code.NOT_FOUND,),
        description="With advocateId each reward says whether that advocate can have it, and why not.",
    )
    def get(self, call: Call[None, shapes.ListRewards]) -> shapes.RewardPage:
        query, business = call.query, call.business
        rows: QuerySet[Reward] = (
            Reward.objects.for_business(business)
            .select_related("code_pool", "item__set", "gift_product")
            .filter(**_named(status=query.status, type=query.type))
        )
        if query.advocate_id is None:
            page = page_numbered(rows, query, business=business)
            return shapes.reward_page(page, [shapes.reward(row) for row in page.items])
        people = Advocate.objects.for_business(business)
        get_or_404(people, noun="advocate", field="advocateId", pk=query.advocate_id)
        rows = offers.with_standing(rows, business=business, advocate_id=query.advocate_id)
        page = page_numbered(rows, query, business=business)
        seen = offers.offers(page.items, business=business, advocate_id=query.advocate_id)
        return shapes.reward_page(page, [shapes.offer(offer) for offer in seen])

    @operation(
        "Create a reward",
        body=shapes.NewReward,
        answer=shapes.OneReward,
        status=201,
        errors=(Code.NOT_FOUND, Code.CONFLICT),
        example={
            "name": "10 EUR off",
            "description": "On your next order",
            "type": "amount_discount",
            "value": "10.00",
            "currency": "EUR",
            "pointsCost": 500,
            "stock": 100,
        },
    )
    def post(self, call: Call[shapes.NewReward, None]) -> shapes.OneReward:
        reward = rewards.create(business=call.business, **call.body.said())
        return shapes.OneReward(reward=shapes.reward(reward))


class OneReward(KeyView):
    @operation("Get a reward", answer=shapes.OneReward)
    def get(self, call: Call[None, None], reward_id: UUID) -> shapes.OneReward:
        rows = Reward.objects.for_business(call.business).select_related("code_pool", "item__set", "gift_product")
        reward = get_or_404(rows, noun="reward", pk=reward_id)
        return shapes.OneReward(reward=shapes.reward(reward))

    @operation(
        "Change a reward",
        body=shapes.RewardFields,
        answer=shapes.OneReward,
        errors=(Code.CONFLICT,),
        example={"status": "archived"},
        description="What is redeemed already stays as it was sold.",
    )
    def patch(self, call: Call[shapes.RewardFields, None], reward_id: UUID) -> shapes.OneReward:
        reward = rewards.update(business=call.business, reward_id=reward_id, **call.body.said())
        return shapes.OneReward(reward=shapes.reward(reward))


class Redeem(KeyView):
    @operation(
        "Redeem a reward for an advocate",
        body=shapes.NewRedemption,
        answer=shapes.OneRedemption,
        errors=REFUSALS,
        example={"advocateId": ADVOCATE_ID, "quantity": 1},
        description="points is for rewards with increments, and says for how many; left out, for the least.",
        idempotency="inside",
    )
    def post(self, call: Call[shapes.NewRedemption, None], reward_id: UUID) -> Reply:
        wish = redemptions.Wish(reward_id, **structs.asdict(call.body))
        sale = redemptions.redeem_once(wish, business=call.business, key=call.key)
        return Reply(shapes.OneRedemption(redemption=shapes.redemption(sale.redemption)), is_replay=sale.is_replay)


class Redemptions(KeyView):
    @operation("List redemptions, newest first", query=shapes.ListRedemptions, answer=shapes.RedemptionPage)
    def get(self, call: Call[None, shapes.ListRedemptions]) -> shapes.RedemptionPage:
        query = call.query
        rows = Redemption.objects.for_business(call.business).filter(
            **_named(advocate_id=query.advocate_id, reward_id=query.reward_id, status=query.status)
        )
        page = page_by_cursor(rows, query, business=call.business)
        return shapes.RedemptionPage(
            redemptions=[shapes.redemption(row) for row in page.items], next_cursor=page.next_cursor
        )


class OneRedemption(KeyView):
    @operation("Get a redemption", answer=shapes.OneRedemption)
    def get(self, call: Call[None, None], redemption_id: UUID) -> shapes.OneRedemption:
        rows = Redemption.objects.for_business(call.business)
        redemption = get_or_404(rows, noun="redemption", pk=redemption_id)
        return shapes.OneRedemption(redemption=shapes.redemption(redemption))


class Cancel(KeyView):
    @operation(
        "Cancel a redemption",
        body=shapes.Reason,
        answer=shapes.OneRedemption,
        errors=(Code.CONFLICT,),
        example={"reason": "Ordered by mistake"},
        description="The points come back with their own expiry, and the stock.",
    )
    def post(self, call: Call[shapes.Reason, None], redemption_id: UUID) -> shapes.OneRedemption:
        redemption = redemptions.cancel(business=call.business, redemption_id=redemption_id, reason=call.body.reason)
        return shapes.OneRedemption(redemption=shapes.redemption(redemption))


class Fulfil(KeyView):
    @operation(
        "Mark a redemption as handed over",
        body=shapes.Reason,
        answer=shapes.OneRedemption,
        errors=(Code.CONFLICT,),
        example={"reason": "Sent with parcel 4711"},
    )
    def post(self, call: Call[shapes.Reason, None], redemption_id: UUID) -> shapes.OneRedemption:
        redemption = steps.fulfil(business=call.business, redemption_id=redemption_id, reason=call.body.reason)
        return shapes.OneRedemption(redemption=shapes.redemption(redemption))


class Acknowledge(KeyView):
    @operation(
        "Acknowledge a redemption: your system will honour it",
        body=shapes.Reason,
        answer=shapes.OneRedemption,
        errors=(Code.CONFLICT,),
        example={"reason": "Discount 4711 made"},
        description="For rewards with acknowledgement required. What is not acknowledged in time is cancelled.",
    )
    def post(self, call: Call[shapes.Reason, None], redemption_id: UUID) -> shapes.OneRedemption:
        redemption = steps.acknowledge(business=call.business, redemption_id=redemption_id, reason=call.body.reason)
        return shapes.OneRedemption(redemption=shapes.redemption(redemption))


class Use(KeyView):
    is_guessable = True

    @operation(
        "Use up a coupon",
        answer=shapes.OneRedemption,
        errors=(Code.CONFLICT,),
        description="Once: 409 when it was used before, is still pending, or was cancelled.",
    )
    def post(self, call: Call[None, None], coupon_code: str) -> shapes.OneRedemption:
        redemption = steps.use_coupon(business=call.business, code=coupon_code)
        return shapes.OneRedemption(redemption=shapes.redemption(redemption))


def _named(**filters: object) -> dict[str, Any]:
    """The filters that the caller gave."""
    return {name: wanted for name, wanted in filters.items() if wanted is not None}
