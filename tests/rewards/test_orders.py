"""Orders use up the coupons that they name, and give back what these cost as the programme says."""

import pytest

from rewards.models import Redemption
from tests.advocates.shop.conftest import balance, order, policy

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
