"""Rewards over the Integration API: seen, and redeemed by either path."""

import pytest

from loyalty.models import Segment
from loyalty.services import accounts
from rewards.models import Redemption
from rewards.services import codes, rewards, steps
from rewards.services.pools import create as create_pool
from tests import cast
from tests.refusals import assert_integration_refused

pytestmark = pytest.mark.django_db

ADA = "/integration/user/ada-1"


@pytest.fixture
def offer(acme):
    def make(name="Mug", business=acme, **said):
        return rewards.create(business=business, name=name, **{"type": "custom", "points_cost": 100, **said})

    return make


def redeem(api, reward, body=None, **headers):
    return api.post(f"{ADA}/rewards/{reward.pk}/redeem", body, **headers)


def redeem_named(api, reward, **said):
    v2 = cast.ApiClient(api.headers, base="/api/v2")
    return v2.post(f"{ADA}/rewards/redeem", {"rewardId": str(reward.pk), **said})


class TestList:
    def test_says_of_each_whether_the_user_can_have_it(self, acme, ada, give, offer, integration_api):
        Segment.objects.create(business=acme, key="beta", title="Beta")
        give(ada, 150)
        offer("Mug"), offer("Bag", points_cost=200), offer("Test pin", segment_keys=["beta"])
        offer("Draft", status="draft")

        found = integration_api.get(f"{ADA}/rewards").json()["rewards"]

        assert [(one["name"], one["affordable"], one["eligible"], one["reason"]) for one in found] == [
            ("Mug", True, True, None),
            ("Test pin", True, False, "NOT_ELIGIBLE"),
            ("Bag", False, True, "INSUFFICIENT_POINTS"),
        ]

    def test_costs_the_same_for_one_and_for_ten(
        self, acme, ada, offer, integration_api, django_assert_max_num_queries
    ):
        pool = create_pool(business=acme, title="Codes")
        for number in range(10):
            offer(f"Mug {number}", type="promo_code", code_pool_key=pool.key)
        integration_api.get(f"{ADA}/rewards")

        with django_assert_max_num_queries(4):
            assert len(integration_api.get(f"{ADA}/rewards").json()["rewards"]) == 10


class TestRedeem:
    @pytest.mark.parametrize("send", [redeem, redeem_named])
    def test_refuses_what_the_user_cannot_have(self, acme, ada, eve, rival, give, offer, integration_api, send):
        assert_integration_refused(send(integration_api, offer()), "INSUFFICIENT_POINTS", None)
        give(ada, 500)
        assert_integration_refused(send(integration_api, offer(tier_keys=["gold"])), "NOT_ELIGIBLE", None)
        assert_integration_refused(send(integration_api, offer(stock=0)), "OUT_OF_STOCK", None)
        assert_integration_refused(send(integration_api, offer(status="archived")), "REWARD_INACTIVE", None)
        theirs = send(integration_api, offer(business=rival))
        assert_integration_refused(theirs, "NOT_FOUND", "rewardId" if send is redeem_named else None, status=404)
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)
        assert_integration_refused(send(integration_api, offer()), "CONFLICT", None, status=409)
        assert not Redemption.objects.exists()

    @pytest.mark.parametrize(
        ("body", "property"),
        [({"type": "GIFT"}, "type"), ({"type": 1}, "type"), ({"type": "PROMO"}, "type"), ({"count": 2}, "count")],
    )
    def test_refuses_another_way_than_the_rewards(self, ada, give, offer, integration_api, body, property):
        give(ada, 500)

        assert_integration_refused(redeem(integration_api, offer(), body), "VALIDATION_ERROR", property)
        assert not Redemption.objects.exists()

    @pytest.mark.parametrize("body", [{}, {"rewardId": "mug"}, {"rewardId": None}])
    def test_by_the_second_path_needs_a_reward(self, ada, integration_api, body):
        v2 = cast.ApiClient(integration_api.headers, base="/api/v2")

        assert_integration_refused(v2.post(f"{ADA}/rewards/redeem", body), "VALIDATION_ERROR", "rewardId")

    def test_hands_over_at_once(self, ada, give, offer, integration_api):
        give(ada, 500)

        body = redeem(integration_api, offer(), {"type": "EVENT"}).json()

        assert (body["balance"], body["redemption"]["status"], body["redemption"]["points"]) == (400, "issued", 100)
        assert body["redemption"]["advocateId"] == str(ada.pk)
        assert redeem_named(integration_api, offer()).json() == {
            "reply": Redemption.objects.latest("created_at").coupon_code
        }

    def test_waits_for_an_operator(self, acme, ada, give, offer, integration_api):
        give(ada, 500)
        waiting = offer(approval=True)

        assert redeem_named(integration_api, waiting, type="MODERATION").json() == {"reply": "pending_approval"}
        body = redeem(integration_api, waiting, {"type": "MODERATION"}).json()
        assert (body["redemption"]["couponCode"], body["balance"]) == (None, 300)
        steps.approve(business=acme, redemption_id=body["redemption"]["id"])
        assert Redemption.objects.get(pk=body["redemption"]["id"]).status == "issued"

    def test_answers_a_code_out_of_the_pool(self, acme, ada, give, offer, integration_api):
        give(ada, 500)
        pool = create_pool(business=acme, title="Cinema")
        codes.add(business=acme, pool_id=pool.pk, codes=["CINEMA-1", "CINEMA-2"])
        ticket = offer(type="promo_code", code_pool_key=pool.key)

        replies = {redeem_named(integration_api, ticket, type="PROMO").json()["reply"] for _ in range(2)}

        assert replies == {"CINEMA-1", "CINEMA-2"}
        assert_integration_refused(redeem(integration_api, ticket), "OUT_OF_STOCK", None)

    def test_with_a_key_happens_once(self, ada, give, offer, integration_api):
        give(ada, 500)
        mug = offer()

        first, again = (redeem(integration_api, mug, Idempotency_Key="buy-1") for _ in range(2))

        assert first.json() == again.json()
        assert (again["Idempotent-Replayed"], Redemption.objects.count()) == ("true", 1)
