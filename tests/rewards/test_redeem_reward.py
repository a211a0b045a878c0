"""POST /rewards/:id/redeem."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.selectors import ledger as wallets
from loyalty.services import accounts, earn_rules
from loyalty.services.earn_terms import Earn, Terms
from rewards.models import Redemption, Reward
from rewards.selectors import offers
from rewards.services import redemptions
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db


def redeem(api, reward, advocate, **more):
    return api.post(f"/rewards/{reward.pk}/redeem", {"advocateId": str(advocate.pk), **more})


def assert_nothing_happened(advocate, points):
    assert not Redemption.objects.exists()
    assert not Reward.objects.filter(taken__gt=0).exists()
    wallet = wallets.wallets(business=advocate.business, account_ids=[advocate.pk])[advocate.pk]
    assert (wallet.amount, wallet.lifetime_spent) == (points, 0)


def held(advocate):
    return wallets.wallets(business=advocate.business, account_ids=[advocate.pk])[advocate.pk].amount


def pay_for_redeeming(business):
    terms = Terms(trigger="reward_redeemed", earn=Earn(points=7))
    earn_rules.create(business=business, title="Redeem", key="redeem", terms=terms)


@pytest.fixture
def rich_ada(ada, give):
    give(ada, 500)
    return ada


class TestRefuses:
    def test_without_a_key(self, anonymous_api, coffee, ada):
        assert redeem(anonymous_api, coffee, ada).status_code == 401

    def test_a_key_that_may_only_read(self, readonly_api, coffee, ada):
        assert redeem(readonly_api, coffee, ada).status_code == 403

    def test_rewards_of_another_business(self, rival_api, coffee, eve):
        body = {"advocateId": str(eve.pk)}

        responses = [rival_api.post(f"/rewards/{id}/redeem", body) for id in (coffee.pk, uuid4())]

        assert_same_refusal(*responses, "NOT_FOUND", status=404)

    def test_advocates_of_another_business(self, api, coffee, eve, give):
        give(eve, 500)

        responses = [api.post(f"/rewards/{coffee.pk}/redeem", {"advocateId": str(id)}) for id in (eve.pk, uuid4())]

        assert_same_refusal(*responses, "NOT_FOUND", status=404)
        assert_refused(responses[0], "NOT_FOUND", "advocateId", status=404)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("advocateId", value) for value in (None, "", "ada", 5)),
            *(("quantity", value) for value in (0, -1, 1.5, "12", True, None, 2**63, 10**10)),
            ("points", 5),
        ],
    )
    def test_a_field_that_makes_no_sense(self, api, coffee, rich_ada, field, value):
        response = redeem(api, coffee, rich_ada, **{field: value})

        assert_refused(response, "VALIDATION_ERROR", field)
        assert_nothing_happened(rich_ada, 500)

    def test_when_points_run_short(self, api, coffee, ada, give):
        give(ada, 99)

        assert_refused(redeem(api, coffee, ada), "INSUFFICIENT_POINTS", None)
        assert_nothing_happened(ada, 99)

    def test_points_that_have_not_ripened(self, api, coffee, ada, give):
        give(ada, 500, pending_until=datetime.now(UTC) + timedelta(days=1))

        assert_refused(redeem(api, coffee, ada), "INSUFFICIENT_POINTS", None)

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ({"status": "draft"}, "REWARD_INACTIVE"),
            ({"status": "archived"}, "REWARD_INACTIVE"),
            ({"starts_at": datetime(2999, 1, 1, tzinfo=UTC)}, "REWARD_INACTIVE"),
            ({"ends_at": datetime(2020, 1, 1, tzinfo=UTC)}, "REWARD_INACTIVE"),
            ({"tier_keys": ["silver", "gold"]}, "NOT_ELIGIBLE"),
            ({"stock": 0}, "OUT_OF_STOCK"),
        ],
    )
    def test_what_is_not_on_offer(self, api, offer, rich_ada, said, code):
        assert_refused(redeem(api, offer(**said), rich_ada), code, None)
        assert_nothing_happened(rich_ada, 500)

    def test_more_pieces_than_are_left(self, api, offer, rich_ada):
        assert_refused(redeem(api, offer(stock=2), rich_ada, quantity=3), "OUT_OF_STOCK", None)
        assert_nothing_happened(rich_ada, 500)

    def test_more_pieces_than_one_person_may_have(self, api, offer, rich_ada):
        reward = offer(per_advocate_limit=2)
        assert redeem(api, reward, rich_ada, quantity=2).status_code == 200

        assert_refused(redeem(api, reward, rich_ada), "LIMIT_REACHED", None)

    def test_several_of_what_is_had_once(self, api, offer, rich_ada):
        shipping = offer(type="free_shipping")

        assert_refused(redeem(api, shipping, rich_ada, quantity=2), "VALIDATION_ERROR", "quantity")

    def test_more_points_than_one_call_moves(self, api, offer, rich_ada):
        dear = offer(points_cost=10**12)

        assert_refused(redeem(api, dear, rich_ada, quantity=2), "VALIDATION_ERROR", "quantity")

    def test_a_blocked_person(self, api, acme, coffee, rich_ada):
        accounts.set_blocked(business=acme, account_id=rich_ada.pk, blocked=True)

        assert_refused(redeem(api, coffee, rich_ada), "CONFLICT", None, status=409)


class TestRedeems:
    def test_points_for_a_coupon(self, api, offer, rich_ada):
        reward = offer(type="amount_discount", value=10, code_prefix="TEN", stock=5)

        response = redeem(api, reward, rich_ada)

        redemption = response.json()["redemption"]
        assert response.status_code == 200
        assert re.fullmatch(r"TEN-[2-9A-HJKMNP-Z]{12}", redemption["couponCode"])
        assert (redemption["status"], redemption["points"], redemption["quantity"]) == ("issued", 100, 1)
        assert (redemption["rewardId"], redemption["advocateId"]) == (str(reward.pk), str(rich_ada.pk))
        assert redemption == api.get(f"/redemptions/{redemption['id']}").json()["redemption"]
        assert api.get(f"/rewards/{reward.pk}").json()["reward"]["stockRemaining"] == 4
        assert api.get(f"/advocates/{rich_ada.pk}").json()["advocate"]["points"] == 400

    def test_several_pieces_on_one_coupon(self, api, offer, rich_ada):
        reward = offer(type="amount_discount", value=10, stock=3)

        redemption = redeem(api, reward, rich_ada, quantity=3).json()["redemption"]

        assert (redemption["points"], redemption["quantity"]) == (300, 3)
        assert Redemption.objects.get().terms == {"type": "amount_discount", "value": "30.00", "currency": "EUR"}

    def test_a_donation_without_a_coupon(self, api, offer, rich_ada):
        redemption = redeem(api, offer(type="donation", value=5), rich_ada).json()["redemption"]

        assert (redemption["couponCode"], redemption["status"]) == (None, "issued")

    def test_for_the_tier_that_somebody_has_reached(self, api, offer, ada, give):
        give(ada, 1_000)

        assert redeem(api, offer(tier_keys=["silver"]), ada).status_code == 200

    def test_again_after_a_cancellation_within_the_limit(self, api, offer, rich_ada):
        reward = offer(per_advocate_limit=1)
        first = redeem(api, reward, rich_ada).json()["redemption"]["id"]
        api.post(f"/redemptions/{first}/cancel")

        assert redeem(api, reward, rich_ada).status_code == 200

    def test_and_says_why_the_points_are_gone(self, acme, coffee, rich_ada):
        redemption = redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=rich_ada.pk, quantity=2)

        why = wallets.why(business=acme, account_id=rich_ada.pk, entry_id=redemption.entry_id)
        assert (why.entry.source_type, UUID(why.entry.source_id)) == ("redemption", redemption.pk)
        assert why.entry.reason == {"rewardId": str(coffee.pk), "pointsCost": 100, "quantity": 2}
        assert why.entry.text.description == "Free coffee"


class TestListsRedemptions:
    def test_by_advocate_reward_and_status(self, api, offer, rich_ada, bob, give):
        give(bob, 500)
        cup, cake = offer(name="Cup"), offer(name="Cake")
        made = [
            redeem(api, r, a).json()["redemption"]["id"] for r, a in [(cup, rich_ada), (cake, rich_ada), (cup, bob)]
        ]
        api.post(f"/redemptions/{made[1]}/cancel")

        def found(**query):
            return [r["id"] for r in api.get("/redemptions", **query).json()["redemptions"]]

        assert found() == made[::-1]
        assert found(advocateId=str(rich_ada.pk)) == [made[1], made[0]]
        assert found(rewardId=str(cup.pk)) == [made[2], made[0]]
        assert found(status="cancelled") == [made[1]]
        assert api.get("/redemptions", status="lost").status_code == 400

    def test_page_by_page_and_for_nobody_else(self, api, rival_api, coffee, rich_ada):
        made = [redeem(api, coffee, rich_ada).json()["redemption"]["id"] for _ in range(3)]

        first = api.get("/redemptions", limit=2).json()
        rest = api.get("/redemptions", limit=2, cursor=first["nextCursor"]).json()

        assert [r["id"] for r in first["redemptions"] + rest["redemptions"]] == made[::-1]
        assert rest["nextCursor"] is None
        assert rival_api.get("/redemptions").json()["redemptions"] == []
        assert rival_api.get(f"/redemptions/{made[0]}").status_code == 404


@pytest.mark.django_db(transaction=True)
class TestRoundTrips:
    def sent(self, acme, reward, advocate):
        with CaptureQueriesContext(connection) as queries:
            redemptions.redeem(business=acme, reward_id=reward.pk, advocate_id=advocate.pk)
        return [query["sql"] for query in queries]

    def test_are_two_for_what_anybody_may_have(self, acme, offer, rich_ada):
        looked, redeemed = self.sent(acme, offer(), rich_ada)

        assert "rewards_reward" in looked
        assert "laurel_redeem" in redeemed

    def test_are_few_for_what_asks_for_more_and_the_account_is_locked_before_the_reward(self, acme, offer, rich_ada):
        sent = self.sent(acme, offer(per_advocate_limit=9, tier_keys=["bronze"]), rich_ada)

        assert len(sent) <= 8
        places = [next(place for place, sql in enumerate(sent) if name in sql) for name in ("spend", "place")]
        assert places == sorted(places)

    def test_are_a_transaction_where_the_programme_listens(self, acme, offer, rich_ada):
        pay_for_redeeming(acme)

        sent = self.sent(acme, offer(), rich_ada)

        assert {"BEGIN", "COMMIT"} <= set(sent)
        assert not any("laurel_redeem" in sql for sql in sent)

    def test_are_made_again_if_it_listens_since_just_now(self, acme, offer, rich_ada, monkeypatch):
        cup, look = offer(), offers.standing

        def looks(**asked):
            standing = look(**asked)
            pay_for_redeeming(acme)
            return standing

        monkeypatch.setattr(offers, "standing", looks)
        sent = self.sent(acme, cup, rich_ada)

        assert any("laurel_redeem" in sql for sql in sent)
        assert held(rich_ada) == 500 - 100 + 7
        assert Redemption.objects.count() == 1
