"""An order that earns, uses up a coupon and completes a referral at once; and its refund, which undoes all of it."""

import pytest

from referrals.models import Conversion
from rewards.models import Redemption
from tests.advocates.shop.conftest import balance, coupon_of, order, policy

pytestmark = pytest.mark.django_db

# What Ada has: 300 given, less 100 for the coupon. The order earns her 250, and 100 as the friend whom Bob brought.
BEFORE, EARNED, AS_FRIEND, COUPON, FOR_BRINGING = 200, 250, 100, 100, 200
ALL = BEFORE + EARNED + AS_FRIEND


@pytest.fixture
def sold(api, acme, ada, bob, give, purchases):
    """The order of 50.00, of which `refund` gives back so much each."""
    give(ada, 300)
    code = api.post("/referrals", {"advocateId": str(bob.pk)}).json()["referral"]["code"]
    body = order(discountCodes=[coupon_of(api, ada)], referralCode=code)
    assert api.post("/orders", body).json()["pointsAwarded"] == EARNED
    assert has(ada, bob) == (ALL, FOR_BRINGING, "used", "confirmed")


def has(ada, bob):
    return balance(ada), balance(bob), Redemption.objects.get().status, Conversion.objects.get().status


def refund(api, *parts, first=0):
    said = [{"id": f"r-{number}", "amount": amount} for number, amount in enumerate(parts, start=first)]
    return api.patch("/orders/1001", {"refunds": said})


@pytest.mark.usefixtures("sold")
class TestRefundOfAll:
    @pytest.mark.parametrize("coupons", ["keep", "give_back"])
    def test_undoes_neither_while_a_cent_is_left(self, api, acme, ada, bob, coupons):
        policy(acme, refund_coupons=coupons)

        refund(api, "20.00", "29.99")

        of_the_cent = 1  # no part of a point is taken back before the last
        assert has(ada, bob) == (BEFORE + AS_FRIEND + of_the_cent, FOR_BRINGING, "used", "confirmed")

    @pytest.mark.parametrize("parts", [["50.00"], ["0.01", "49.99"], ["20.00", "30.00"], ["12.34", "17.66", "20.00"]])
    @pytest.mark.parametrize("at_once", [True, False], ids=["in one call", "one by one"])
    def test_claws_back_the_referral_and_gives_back_the_coupon(self, api, acme, ada, bob, parts, at_once):
        policy(acme, refund_coupons="give_back")

        calls = [parts] if at_once else [[part] for part in parts]
        answers = [refund(api, *call, first=number).json() for number, call in enumerate(calls)]

        assert has(ada, bob) == (BEFORE + COUPON, 0, "cancelled", "reversed")
        assert answers[-1]["order"]["financialStatus"] == "refunded"
        assert sum(answer["pointsReversed"] for answer in answers) == EARNED

    def test_keeps_what_the_coupon_cost_where_the_programme_does(self, api, ada, bob):
        refund(api, "20.00", "30.00")

        assert has(ada, bob) == (BEFORE, 0, "used", "reversed")

    def test_does_so_once_however_often_it_is_told(self, api, acme, ada, bob):
        policy(acme, refund_coupons="give_back")

        for _ in range(3):
            refund(api, "20.00", "30.00")
        api.patch("/orders/1001", {"financialStatus": "voided"})

        assert has(ada, bob) == (BEFORE + COUPON, 0, "cancelled", "reversed")
