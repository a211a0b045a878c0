"""Orders complete the referral of their customer, and undo it when nothing of them is left."""

import pytest

from advocates.models import Advocate
from loyalty.services import ledger
from referrals.models import Conversion, Referral
from tests.advocates.shop.conftest import order, policy
from tests.referrals.conftest import points_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("adas")]

CHARLES = {"externalId": "charles-1", "email": "charles@example.com"}


def charles():
    return Advocate.objects.get(external_id="charles-1")


class TestCompletes:
    @pytest.mark.parametrize("named", [{"referralCode": "ada-1815"}, {"discountCodes": ["SUMMER", "Ada-1815"]}])
    def test_by_the_code_that_the_order_names(self, api, ada, named):
        api.post("/orders", order(customer=CHARLES, **named))

        assert (points_of(ada), points_of(charles())) == (200, 100)
        done = Conversion.objects.get()
        assert (done.order_id, done.order_minor, done.friend_id) == ("1001", 5000, charles().pk)

    def test_by_the_address_of_a_friend_who_was_brought(self, api, ada):
        api.post("/advocates", {"email": "charles@example.com", "referralCode": "ADA-1815"})

        api.post("/orders", order(customer={"email": "charles@example.com"}))

        assert (points_of(ada), Conversion.objects.get().status) == (200, "confirmed")

    def test_when_it_is_paid_and_once(self, api, ada):
        api.post("/orders", order(customer=CHARLES, referralCode="ADA-1815", status="pending"))
        assert points_of(ada) == 0

        for _ in range(2):
            api.patch("/orders/1001", {"financialStatus": "paid"})
        api.post("/orders", order("1002", customer=CHARLES))

        assert (points_of(ada), Conversion.objects.count()) == (200, 1)

    def test_nothing_by_a_code_that_nobody_has(self, api, ada):
        assert api.post("/orders", order(customer=CHARLES, referralCode="NOBODY")).status_code == 201
        assert not Conversion.objects.exists()

    def test_nothing_for_ones_own_code(self, api, ada):
        api.post("/orders", order(referralCode="ADA-1815"))

        assert (points_of(ada), Conversion.objects.get().reason) == (0, "self_referral")


class TestClawBack:
    @pytest.fixture(autouse=True)
    def _completed(self, api, adas):
        api.post("/orders", order(customer=CHARLES, referralCode="ADA-1815"))

    def test_takes_from_both_sides_when_the_order_is_refunded(self, api, ada):
        for _ in range(2):
            api.patch("/orders/1001", {"financialStatus": "refunded"})

        assert (points_of(ada), points_of(charles())) == (0, 0)
        assert (Conversion.objects.get().status, Referral.objects.count()) == ("reversed", 1)

    def test_not_while_some_of_it_is_left(self, api, ada):
        api.patch("/orders/1001", {"refunds": [{"id": "r-1", "amount": "49.99"}]})

        assert points_of(ada) == 200

    @pytest.mark.parametrize(("deficit", "left"), [("pending_only", 50), ("to_zero", 0), ("negative", -150)])
    def test_takes_what_is_spent_as_the_policy_says(self, api, acme, ada, deficit, left):
        policy(acme, refund_deficit=deficit)
        ledger.spend(business=acme, account_id=ada.pk, amount=150)

        assert api.patch("/orders/1001", {"financialStatus": "voided"}).status_code == 200

        assert (points_of(ada), Conversion.objects.get().status) == (left, "reversed")

    def test_rejects_what_was_still_held(self, api, acme, ada):
        api.put("/programme", {"referral": {"holdDays": 14}})
        api.post("/orders", order("1002", customer={"externalId": "dora-1"}, referralCode="ADA-1815"))
        api.patch("/orders/1002", {"financialStatus": "refunded"})

        held = Conversion.objects.get(order_id="1002")
        assert (held.status, held.reason) == ("rejected", "order_refunded")
