"""Orders use up the coupons that they name, and give back what these cost as the programme says."""

from functools import partial

import pytest

from advocates.services import orders as shop_orders
from rewards.models import Redemption
from rewards.services import codes, orders, pools, redemptions, steps
from tests import cast
from tests.advocates.shop.conftest import balance, order, policy
from tests.races import just_after

pytestmark = pytest.mark.django_db


@pytest.fixture
def coupon(api, ada, give, offer):
    """Ada had 300 points, and has taken 5.00 off for 100 of them."""
    give(ada, 300)
    reward = offer(type="amount_discount", value="5.00", currency="EUR")
    answer = api.post(f"/rewards/{reward.pk}/redeem", {"advocateId": str(ada.pk)})
    return answer.json()["redemption"]["couponCode"]


class TestCoupons:
    def test_are_used_up_when_the_order_earns(self, api, ada, coupon):
        body = order(discountCodes=["SUMMER", coupon])

        api.post("/orders", body | {"financialStatus": "pending"})
        assert Redemption.objects.get().status == "issued"

        api.post("/orders", body)
        used = Redemption.objects.get()
        assert (used.status, used.order_id) == ("used", "1001")

    def test_are_used_up_though_nobody_has_acknowledged_them(self, api, ada, give, offer):
        give(ada, 100)
        reward = offer(type="amount_discount", value="5.00", currency="EUR", acknowledgement="required")
        code = api.post(f"/rewards/{reward.pk}/redeem", {"advocateId": str(ada.pk)}).json()["redemption"]["couponCode"]

        api.post("/orders", order(discountCodes=[code]))

        used = Redemption.objects.get()
        assert (used.status, used.order_id) == ("used", "1001")

    @pytest.mark.django_db(transaction=True)
    def test_are_used_up_though_the_shop_acknowledges_them_at_that_moment(
        self, acme, api, ada, give, offer, monkeypatch
    ):
        give(ada, 100)
        reward = offer(type="amount_discount", value="5.00", currency="EUR", acknowledgement="required")
        made = api.post(f"/rewards/{reward.pk}/redeem", {"advocateId": str(ada.pk)}).json()["redemption"]
        acknowledge = partial(steps.acknowledge, business=acme, redemption_id=made["id"])
        just_after(monkeypatch, orders.coupons, "named", acknowledge)

        api.post("/orders", order(discountCodes=[made["couponCode"]]))

        used = Redemption.objects.get()
        assert (used.status, used.order_id) == ("used", "1001")

    @pytest.mark.django_db(transaction=True)
    def test_are_used_up_though_the_shop_names_them_at_that_moment(self, acme, api, ada, coupon, monkeypatch):
        api.post("/orders", order(status="pending"))
        tell = partial(cast.client_of(acme).post, "/orders", order(status="pending", discountCodes=[coupon]))
        just_after(monkeypatch, shop_orders, "_plans", tell)

        api.patch("/orders/1001", {"financialStatus": "paid"})

        assert Redemption.objects.get().status == "used"

    def test_may_be_somebody_elses(self, api, ada, bob, coupon):
        assert api.post("/orders", order(who="bob-1", discountCodes=[coupon])).status_code == 201
        assert Redemption.objects.get().status == "used"

    def test_that_are_used_already_keep_no_order_away(self, api, ada, coupon):
        api.post(f"/rewards/{coupon}/use")

        assert api.post("/orders", order(discountCodes=[coupon])).status_code == 201
        assert Redemption.objects.get().order_id == ""

    def test_of_another_business_are_none(self, rival_api, ada, eve, coupon):
        assert rival_api.post("/orders", order(who="eve-1", discountCodes=[coupon])).status_code == 201
        assert Redemption.objects.get().status == "issued"


class TestAsShoppersTypeThem:
    @pytest.fixture
    def tickets(self, acme, ada, give, offer):
        """Ada has two codes of a pool that differ by their case alone."""
        give(ada, 200)
        pool = pools.create(business=acme, title="Cinema", key="cinema")
        codes.add(business=acme, pool_id=pool.pk, codes=["Film-1", "FILM-1"])
        ticket = offer(name="Film", type="promo_code", code_pool_key="cinema")
        for _ in range(2):
            redemptions.redeem(business=acme, reward_id=ticket.pk, advocate_id=ada.pk)

    def used(self):
        return set(Redemption.objects.filter(status="used").values_list("coupon_code", flat=True))

    @pytest.mark.parametrize("typed", [str.lower, str.title, " {} ".format])
    def test_ours_are_used_in_any_case(self, api, coupon, typed):
        api.post("/orders", order(discountCodes=[typed(coupon), coupon]))

        assert (self.used(), Redemption.objects.get().order_id) == ({coupon}, "1001")

    def test_ours_are_used_at_a_till_in_any_case(self, api, coupon):
        assert api.post(f"/rewards/{coupon.lower()}/use").json()["redemption"]["couponCode"] == coupon
        assert api.post(f"/rewards/{coupon}/use").status_code == 409

    @pytest.mark.parametrize("typed", ["Film-1", "FILM-1"])
    def test_those_of_a_pool_are_two_where_they_differ_by_case_alone(self, api, tickets, typed):
        api.post("/orders", order(discountCodes=[typed]))

        assert self.used() == {typed}

    def test_those_of_a_pool_are_nobodys_where_they_are_spelled_otherwise(self, api, tickets):
        assert api.post("/orders", order(discountCodes=["film-1"])).status_code == 201
        assert api.post("/rewards/film-1/use").status_code == 404

        assert self.used() == set()


class TestWhatTheyCost:
    @pytest.mark.parametrize("ending", ["refunded", "voided"])
    def test_stays_spent_unless_the_programme_says_otherwise(self, api, ada, coupon, ending):
        api.post("/orders", order(discountCodes=[coupon]))
        api.patch("/orders/1001", {"financialStatus": ending})

        assert (balance(ada), Redemption.objects.get().status) == (200, "used")

    def test_is_given_back_once_where_it_does(self, api, acme, ada, coupon):
        policy(acme, refund_coupons="give_back")
        api.post("/orders", order(discountCodes=[coupon]))

        api.patch("/orders/1001", {"refunds": [{"id": "r-1", "amount": "20.00"}]})
        assert balance(ada) == 200
        for _ in range(2):
            api.patch("/orders/1001", {"refunds": [{"id": "r-2", "amount": "30.00"}]})

        assert (balance(ada), Redemption.objects.get().status) == (300, "cancelled")
