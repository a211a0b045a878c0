"""PATCH /rewards/:id."""

from uuid import uuid4

import pytest

from rewards.services import redemptions
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def ten_off(offer):
    return offer(name="Ten off", type="amount_discount", value=10, currency="EUR", min_spend=50)


class TestRefuses:
    def test_rewards_of_another_business(self, api, offer, rival):
        theirs = offer(business=rival)

        responses = [api.patch(f"/rewards/{id}", {"name": "Mine"}) for id in (theirs.pk, uuid4())]

        assert_same_refusal(*responses, "NOT_FOUND", status=404)
        theirs.refresh_from_db()
        assert theirs.name == "Free coffee"

    @pytest.mark.parametrize(
        ("field", "value"), [("pointsCost", 0), ("stock", -1), ("name", None), ("value", "0"), ("taken", 0)]
    )
    def test_a_field_that_makes_no_sense(self, api, coffee, field, value):
        assert_refused(api.patch(f"/rewards/{coffee.pk}", {field: value}), "VALIDATION_ERROR", field)

    def test_the_key_of_another_reward(self, api, coffee, ten_off):
        response = api.patch(f"/rewards/{coffee.pk}", {"key": ten_off.key})

        assert_refused(response, "CONFLICT", "key", status=409)

    def test_a_stock_below_what_is_taken(self, api, acme, coffee, ada, give):
        give(ada, 300)
        redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=ada.pk, quantity=3)

        assert_refused(api.patch(f"/rewards/{coffee.pk}", {"stock": 2}), "VALIDATION_ERROR", "stock")
        assert api.patch(f"/rewards/{coffee.pk}", {"stock": 3}).json()["reward"]["stockRemaining"] == 0

    def test_another_type_without_its_value(self, api, ten_off):
        response = api.patch(f"/rewards/{ten_off.pk}", {"type": "percentage_discount"})

        assert_refused(response, "VALIDATION_ERROR", "value")


class TestChanges:
    def test_only_what_is_named(self, api, ten_off):
        before = api.get(f"/rewards/{ten_off.pk}").json()["reward"]

        after = api.patch(f"/rewards/{ten_off.pk}", {"name": "Tenner"}).json()["reward"]

        assert after == before | {"name": "Tenner", "updatedAt": after["updatedAt"]}
        assert after["updatedAt"] > before["updatedAt"]

    def test_what_null_takes_away(self, api, offer):
        reward = offer(description="One cup", product_id="sku-1", stock=5, code_prefix="CUP", value=3)
        nothing = dict.fromkeys(["description", "productId", "stock", "codePrefix", "value", "currency"])

        after = api.patch(f"/rewards/{reward.pk}", nothing).json()["reward"]

        assert (after["description"], after["productId"], after["stock"]) == ("", None, None)
        assert (after["codePrefix"], after["value"], after["currency"]) == ("REWARD", None, None)

    def test_the_currency_with_its_amounts(self, api, ten_off):
        after = api.patch(f"/rewards/{ten_off.pk}", {"currency": "JPY"}).json()["reward"]

        assert (after["value"], after["minSpend"], after["currency"]) == ("10", "50", "JPY")

    def test_the_type_with_its_value(self, api, ten_off):
        after = api.patch(f"/rewards/{ten_off.pk}", {"type": "percentage_discount", "value": 12.5}).json()["reward"]

        assert (after["type"], after["value"]) == ("percentage_discount", "12.5")

    def test_the_price_from_the_next_redeem_on(self, api, acme, coffee, ada, give):
        give(ada, 500)
        first = redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=ada.pk)

        api.patch(f"/rewards/{coffee.pk}", {"pointsCost": 150})

        second = redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=ada.pk)
        assert (first.points, second.points) == (100, 150)
        assert api.get(f"/redemptions/{first.pk}").json()["redemption"]["points"] == 100
