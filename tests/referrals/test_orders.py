"""Orders complete the referral of their customer, and undo it when nothing of them is left."""

from functools import partial

import pytest

from advocates.models import Advocate
from advocates.services import orders
from loyalty.services import earn_rules, ledger, merges
from loyalty.services.earn_terms import Earn, Terms
from referrals.models import Conversion, Referral
from referrals.selectors import programmes
from referrals.services import decisions
from tests import cast
from tests.advocates.shop.conftest import order, policy
from tests.races import just_after
from tests.referrals.conftest import points_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("adas")]

CHARLES = {"externalId": "charles-1", "email": "charles@example.com"}


def charles():
    return Advocate.objects.get(external_id="charles-1")


def friends_pay(business):
    """A rule, beside what the referral itself gives."""
    terms = Terms(trigger="referral_converted", earn=Earn(points=30))
    earn_rules.create(business=business, title="Friends", terms=terms)


class TestCompletes:
    @pytest.mark.parametrize("named", [{"referralCode": "ada-1815 "}, {"discountCodes": ["SUMMER", " Ada-1815"]}])
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


@pytest.mark.django_db(transaction=True)
class TestPaidJustAfterARefundHasLooked:
    """What came of the order is found all the same."""

    @pytest.fixture(autouse=True)
    def _paid_meanwhile(self, acme, api, monkeypatch):
        api.post("/orders", order(customer=CHARLES, referralCode="ADA-1815", status="pending"))
        pay = partial(cast.client_of(acme).patch, "/orders/1001", {"financialStatus": "paid"})
        just_after(monkeypatch, orders, "_plans", pay)

    @pytest.mark.parametrize(
        "said", [{"financialStatus": "refunded"}, {"refunds": [{"id": "r-1", "amount": "50.00"}]}]
    )
    def test_takes_from_both_sides(self, api, ada, said):
        assert api.patch("/orders/1001", said).status_code == 200

        assert (points_of(ada), points_of(charles()), Conversion.objects.get().status) == (0, 0, "reversed")

    def test_takes_from_both_sides_when_it_is_told_anew(self, api, ada):
        told = order(customer=CHARLES, referralCode="ADA-1815", status="refunded")
        assert api.post("/orders", told).status_code == 200

        assert (points_of(ada), points_of(charles()), Conversion.objects.get().status) == (0, 0, "reversed")


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

    def test_takes_from_whom_the_referrer_was_merged_into(self, api, acme, ada, bob):
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        api.patch("/orders/1001", {"financialStatus": "refunded"})

        assert (points_of(bob), points_of(charles())) == (0, 0)

    def test_takes_what_rules_paid_for_the_friend(self, api, acme, ada):
        friends_pay(acme)
        api.post("/orders", order("1002", customer={"externalId": "dora-1"}, referralCode="ADA-1815"))
        assert points_of(ada) == 430

        api.patch("/orders/1002", {"financialStatus": "voided"})

        assert points_of(ada) == 200


class TestTheNextOrder:
    """Of a friend whose first one is void, and who has bought nothing yet."""

    @pytest.fixture(autouse=True)
    def _void(self, api, acme, adas):
        friends_pay(acme)
        api.post("/orders", order(customer=CHARLES, referralCode="ADA-1815"))

    def void(self, api, id="1001"):
        assert api.patch(f"/orders/{id}", {"financialStatus": "voided"}).status_code == 200

    def next(self, api, id, **named):
        assert api.post("/orders", order(id, customer=CHARLES, **named)).status_code == 201

    def conversions(self):
        return list(Conversion.objects.order_by("order_id").values_list("order_id", "status", "reason"))

    def test_completes_nothing_while_something_is_left_of_the_first(self, api, ada):
        api.patch("/orders/1001", {"refunds": [{"id": "r-1", "amount": "49.99"}]})

        self.next(api, "1002")

        assert (points_of(ada), self.conversions()) == (230, [("1001", "confirmed", "")])

    def test_completes_nothing_where_an_operator_has_reversed_the_first(self, api, acme, ada):
        decisions.reverse(business=acme, conversion_id=Conversion.objects.get().pk)

        self.next(api, "1002")

        assert (points_of(ada), len(self.conversions())) == (0, 1)

    @pytest.mark.parametrize("named", [{}, {"referralCode": "ADA-1815"}])
    def test_is_held_where_the_first_reward_was_kept(self, api, acme, ada, named):
        ledger.spend(business=acme, account_id=ada.pk, amount=150)
        self.void(api)

        self.next(api, "1002", **named)
        self.next(api, "1003")

        assert points_of(ada) == 0
        assert self.conversions() == [("1001", "reversed", "reward_kept"), ("1002", "held", "reward_kept")]

    @pytest.mark.parametrize("named", [{}, {"referralCode": "ADA-1815"}])
    def test_completes_it_once(self, api, ada, named):
        self.void(api)
        assert (points_of(ada), points_of(charles())) == (0, 0)

        for id in ("1002", "1003"):
            self.next(api, id, **(named if id == "1002" else {}))

        assert (points_of(ada), points_of(charles())) == (230, 100)
        assert self.conversions() == [("1001", "reversed", ""), ("1002", "confirmed", "")]

    def test_completes_it_also_where_it_came_before_the_first_was_void(self, api, ada):
        self.next(api, "1002")
        self.next(api, "1003")

        for id in ("1001", "1001", "1002"):
            self.void(api, id)

        assert (points_of(ada), points_of(charles())) == (230, 100)
        assert self.conversions() == [
            *(("1001", "reversed", ""), ("1002", "reversed", ""), ("1003", "confirmed", "")),
        ]

    def test_is_none_that_was_bought_before_they_were_brought(self, api, ada):
        api.post("/orders", order("0999", customer={"externalId": "dora-1"}))
        api.post("/orders", order("1002", customer={"externalId": "dora-1"}, referralCode="ADA-1815"))
        self.void(api, "1002")

        assert (points_of(ada), len(self.conversions())) == (230, 2)

    def test_completes_it_after_one_that_was_still_held(self, api, acme, ada):
        self.void(api)
        programme = programmes.current(acme)
        programme.hold_days = 14
        programme.save()
        self.next(api, "1002")
        self.void(api, "1002")
        programme.hold_days = 0
        programme.save()

        self.next(api, "1003")

        assert (points_of(ada), self.conversions()[1:]) == (
            230,
            [("1002", "rejected", "order_refunded"), ("1003", "confirmed", "")],
        )

    def test_is_taken_back_in_its_turn(self, api, ada):
        self.void(api)
        self.next(api, "1002")
        self.void(api, "1002")

        assert (points_of(ada), points_of(charles())) == (0, 0)
