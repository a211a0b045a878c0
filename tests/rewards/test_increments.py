"""Rewards that are sold for as many points as somebody likes; and the arithmetic of prices, without any rounding."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.kernel.errors import Invalid
from loyalty.kernel.money import money
from rewards.models import Redemption, Reward
from rewards.services import kinds, prices
from tests.refusals import assert_refused

POINTS = st.integers(1, 10**12)
CENTS = st.integers(1, 10**9)


def reward_of(cost, cents, increments=(None, None, None), type="amount_discount"):
    least, most, step = increments
    return Reward(
        type=type, points_cost=cost, value_minor=cents, currency="EUR",
        increment_min=least, increment_max=most, increment_step=step,
    )  # fmt: skip


def cents_bought(reward, price):
    return money(kinds.kind_of(reward.type).worth(reward, times=price.times).value, "EUR", field="value")


class TestArithmetic:
    @given(cost=st.integers(1, 10**9), cents=CENTS, quantity=st.integers(1, 1_000))
    def test_of_pieces_multiplies(self, cost, cents, quantity):
        reward = reward_of(cost, cents)

        price = prices.price_of(reward, quantity=quantity)

        assert (price.points, price.times) == (cost * quantity, quantity)
        assert cents_bought(reward, price) == cents * quantity

    @given(cost=POINTS, cents=CENTS, least=POINTS, step=POINTS, times=st.integers(0, 1_000))
    def test_of_increments_is_exact_or_refused(self, cost, cents, least, step, times):
        reward = reward_of(cost, cents, (least, least + step * times, step))
        is_whole = cents * least % cost == 0 and cents * step % cost == 0

        if not is_whole:
            with pytest.raises(Invalid):
                prices.check_increments(reward)
            return
        prices.check_increments(reward)
        for points in {least, least + step * (times // 2), least + step * times}:
            bought = Fraction(cents * points, cost)
            assert bought.denominator == 1
            assert prices.price_of(reward, points=points) == (points, Fraction(points, cost))

    @given(cents=st.integers(1, 1_000), least=st.integers(1, 50), step=st.integers(1, 20), over=st.integers(0, 200))
    def test_sells_only_what_the_steps_reach(self, cents, least, step, over):
        reward = reward_of(1, cents, (least, least + 100, step))

        if over % step or over > 100:
            with pytest.raises(Invalid):
                prices.price_of(reward, points=least + over)
        else:
            price = prices.price_of(reward, points=least + over)
            assert cents_bought(reward, price) == cents * (least + over)


@pytest.mark.django_db
class TestApi:
    BODY = {
        "name": "Money off", "type": "amount_discount", "value": "1.00", "currency": "EUR", "pointsCost": 100,
        "increments": {"min": 500, "max": 5_000, "step": 250},
    }  # fmt: skip

    @pytest.fixture
    def reward(self, api):
        return api.post("/rewards", self.BODY).json()["reward"]

    @pytest.fixture
    def redeem(self, api, ada, give, reward):
        give(ada, 10_000)
        return lambda **said: api.post(f"/rewards/{reward['id']}/redeem", {"advocateId": str(ada.pk), **said})

    @pytest.mark.parametrize(
        ("increments", "field"),
        [
            ({"min": 500, "max": 400, "step": 100}, "increments.max"),
            ({"min": 0, "max": 400, "step": 100}, "increments.min"),
            ({"min": 100, "max": 10**12 + 1, "step": 100}, "increments.max"),
            ({"min": 100, "max": 400, "step": 0}, "increments.step"),
            ({"min": 100, "step": 100}, "max"),
            ({"min": 100, "max": 400, "step": 100, "by": 5}, "increments.by"),
        ],
    )
    def test_refuses_increments_that_make_no_sense(self, api, increments, field):
        answer = api.post("/rewards", self.BODY | {"increments": increments})

        assert answer.status_code == 400
        assert answer.json()["error"]["field"] in (field, f"increments.{field}")

    @pytest.mark.parametrize(("cost", "field"), [(300, "increments.min"), (2_000, "increments.step")])
    def test_refuses_prices_that_buy_half_a_cent(self, api, cost, field):
        increments = {"min": 2_000, "max": 9_000, "step": 250 if cost == 300 else 3}

        answer = api.post("/rewards", self.BODY | {"pointsCost": cost, "increments": increments})

        assert_refused(answer, "VALIDATION_ERROR", field)

    @pytest.mark.parametrize("type", ["custom", "free_shipping", "percentage_discount", "product"])
    def test_refuses_them_of_what_has_one_price(self, api, type):
        body = self.BODY | {"type": type} | ({"value": None} if type == "free_shipping" else {})

        assert_refused(api.post("/rewards", body), "VALIDATION_ERROR", "increments")

    def test_refuses_a_change_that_would_break_them(self, api, reward):
        answer = api.patch(f"/rewards/{reward['id']}", {"pointsCost": 300})

        assert_refused(answer, "VALIDATION_ERROR", "increments.min")

    @pytest.mark.parametrize("points", [499, 501, 5_001, 250, 0, -500, 500.0, "500"])
    def test_refuses_other_points(self, redeem, points):
        assert_refused(redeem(points=points), "VALIDATION_ERROR", "points")

    def test_refuses_several(self, redeem):
        assert_refused(redeem(points=500, quantity=2), "VALIDATION_ERROR", "quantity")

    def test_refuses_points_for_what_has_one_price(self, api, coffee, ada, give):
        give(ada, 500)

        answer = api.post(f"/rewards/{coffee.pk}/redeem", {"advocateId": str(ada.pk), "points": 100})

        assert_refused(answer, "VALIDATION_ERROR", "points")

    @pytest.mark.parametrize(("said", "points", "worth"), [({"points": 1_250}, 1_250, "12.50"), ({}, 500, "5.00")])
    def test_sells_for_the_points_that_are_said_or_the_least(self, redeem, said, points, worth):
        redemption = redeem(**said).json()["redemption"]

        assert (redemption["points"], redemption["quantity"]) == (points, 1)
        assert Redemption.objects.get().terms["value"] == worth

    def test_reads_back(self, api, reward):
        assert reward["increments"] == self.BODY["increments"]
        assert api.patch(f"/rewards/{reward['id']}", {"increments": None}).json()["reward"]["increments"] is None

    def test_is_affordable_from_the_least(self, api, ada, give, reward):
        give(ada, 499)
        listed = api.get("/rewards", advocateId=str(ada.pk)).json()["rewards"][0]
        assert (listed["affordable"], listed["reason"]) == (False, "INSUFFICIENT_POINTS")

        give(ada, 1)
        assert api.get("/rewards", advocateId=str(ada.pk)).json()["rewards"][0]["affordable"] is True
