"""POST, PATCH and GET /orders."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.models import Advocate, Order
from loyalty.kernel import clock
from loyalty.services import accounts, businesses, earn_rules
from loyalty.services.earn_terms import Earn, Limit, Terms
from tests.advocates.shop.conftest import LINES, balance, coupon_of, moves, order, pending, policy, rule
from tests.loyalty import climbers
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


class TestRefuses:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"currency": "XQQ"}, "currency"),
            ({"currency": "euro"}, "currency"),
            ({"total": "-1.00"}, "total"),
            ({"total": "10000000000000000.00"}, "total"),
            ({"total": "1.005"}, "total"),
            ({"total": "much"}, "total"),
            ({"shippingTotal": -1}, "shippingTotal"),
            ({"financialStatus": "settled"}, "financialStatus"),
            ({"id": "a/b"}, "id"),
            ({"customer": {}}, "customer.externalId"),
            ({"customer": {"externalId": "ada-1", "email": "nobody"}}, "email"),
            ({"lines": [LINES[0], LINES[0]]}, "lines"),
            ({"lines": [{**LINES[0], "quantity": 0}]}, "lines.0.quantity"),
            ({"lines": [LINES[0], {**LINES[1], "price": "-1"}]}, "lines.1.price"),
            ({"coupon": "X"}, "coupon"),
        ],
    )
    def test_what_makes_no_sense(self, api, ada, purchases, change, field):
        response = api.post("/orders", order() | change)

        assert_refused(response, "VALIDATION_ERROR", field)
        assert not Order.objects.exists()

    def test_to_change_or_read_what_nobody_told_of(self, api):
        assert_refused(api.patch("/orders/1001", {"financialStatus": "paid"}), "NOT_FOUND", None, status=404)
        assert_refused(api.get("/orders/1001"), "NOT_FOUND", None, status=404)

    def test_an_order_of_another_business(self, api, rival_api, ada, purchases):
        api.post("/orders", order())

        assert_refused(rival_api.get("/orders/1001"), "NOT_FOUND", None, status=404)
        assert rival_api.post("/orders", order()).status_code == 201

    def test_an_id_that_is_another_customers(self, api, ada, bob, purchases):
        api.post("/orders", order())

        assert_refused(api.post("/orders", order(who="bob-1")), "CONFLICT", "customer", status=409)
        assert balance(bob) == 0


class TestEarns:
    def test_when_it_is_paid(self, api, ada, purchases):
        answer = api.post("/orders", order(number="#1001"))

        assert answer.status_code == 201
        body = answer.json()
        assert body["pointsAwarded"] == 250
        assert [(said["key"], said["points"]) for said in body["breakdown"]] == [("purchase", 250)]
        told = body["order"]
        assert (told["id"], told["number"], told["customerId"]) == ("1001", "#1001", str(ada.pk))
        assert (told["total"], told["subtotal"], told["currency"]) == ("50.00", "50.00", "EUR")
        assert [line["amount"] for line in told["lines"]] == ["40.00", "10.00"]
        assert balance(ada) == 250

    def test_nothing_before_it_is_paid_and_once_when_it_is(self, api, ada, purchases):
        assert api.post("/orders", order(status="pending")).json()["pointsAwarded"] == 0
        assert api.patch("/orders/1001", {"financialStatus": "authorized"}).json()["pointsAwarded"] == 0
        assert api.patch("/orders/1001", {"financialStatus": "paid"}).json()["pointsAwarded"] == 250
        assert api.patch("/orders/1001", {"financialStatus": "paid"}).json()["pointsAwarded"] == 0
        assert moves(ada) == [("earn", 250)]

    def test_when_it_reaches_what_the_programme_counts(self, api, acme, ada, purchases):
        api.put("/programme", {"policies": {"qualifyingStatuses": ["authorized"]}})

        assert api.post("/orders", order(status="pending")).json()["pointsAwarded"] == 0
        assert api.patch("/orders/1001", {"financialStatus": "authorized"}).json()["pointsAwarded"] == 250

    @pytest.mark.parametrize("status", ["refunded", "voided", "expired"])
    def test_nothing_of_an_order_that_is_over_when_it_is_told(self, api, ada, purchases, status):
        answer = api.post("/orders", order(status=status)).json()

        assert (answer["pointsAwarded"], answer["breakdown"]) == (0, [])
        assert api.patch("/orders/1001", {"financialStatus": "paid"}).json()["order"]["financialStatus"] == status
        assert moves(ada) == []

    def test_says_why_a_rule_pays_nothing(self, api, acme, ada):
        rule(acme, min_spend="60.00")

        (said,) = api.post("/orders", order()).json()["breakdown"]

        assert (said["points"], said["reason"]) == (0, "below_min_spend")

    def test_after_the_days_that_the_rule_says(self, api, acme, ada):
        rule(acme, pending_days=14)

        assert api.post("/orders", order()).json()["pointsAwarded"] == 250
        assert (balance(ada), pending(ada)) == (0, 250)

    def test_what_was_paid_after_every_discount(self, api, ada, purchases):
        lines = [{**LINES[0], "discount": "4.00"}, LINES[1]]
        body = order(lines=lines, subtotal="50.00", discountTotal="10.00", total="40.00")

        answer = api.post("/orders", body).json()

        # 6.00 beyond the lines' own discounts, spread over 36.00 and 10.00
        assert [line["amount"] for line in answer["order"]["lines"]] == ["31.31", "8.69"]
        assert (answer["pointsAwarded"], answer["order"]["flags"]) == (200, [])

    def test_without_lines_for_its_goods(self, api, ada, purchases):
        answer = api.post("/orders", order(lines=[], total="56.90", shippingTotal="4.90", taxTotal="2.00")).json()

        assert answer["pointsAwarded"] == 250
        assert (answer["order"]["lines"], answer["order"]["flags"]) == ([], [])

    def test_at_its_rate_in_another_currency(self, api, acme, ada, purchases):
        dollars = order(currency="USD")
        assert api.post("/orders", dollars).json()["breakdown"][0]["reason"] == "other_currency"

        api.put("/programme", {"policies": {"rates": {"USD": "0.92", "JPY": "0.0061"}}})

        assert api.post("/orders", dollars | {"id": "1002"}).json()["pointsAwarded"] == 230
        yen = order("1003", currency="JPY", lines=[], total="5000")
        assert api.post("/orders", yen).json()["pointsAwarded"] == 152  # of 30.50 EUR

    def test_of_products_and_collections_in_or_out(self, api, acme, ada):
        rule(acme, "beans", include_products=["beans"])
        rule(acme, "gear", include_collections=["gear"])
        rule(acme, "no-gear", exclude_collections=["gear"])
        rule(acme, "each", points=7, per=None, currency=None)
        api.put("/collections/gear", {"title": "Gear", "productIds": ["mug", "grinder"]})

        said = {one["key"]: one["points"] for one in api.post("/orders", order()).json()["breakdown"]}

        assert said == {"beans": 200, "gear": 50, "no-gear": 200, "each": 7}

    def test_by_the_tier_of_now_where_a_period_of_it_is_over(self, sandbox_api, acme):
        sandbox_api.post("/orders", order("1000", lines=[], total="1.00"))
        somebody = Advocate.objects.get()
        gold = {"threshold": 5_000, "multiplier": [2, 1]}
        ladder = climbers.rungs(bronze=0, gold=gold)
        climbers.put(acme.sandbox, ladder, key="tiers", is_tier=True, basis="periodEarned", period="P1M")
        rule(acme.sandbox, tier_multiplier=True)
        sandbox_api.post(f"/advocates/{somebody.pk}/points", {"amount": 5_000})
        businesses.move_clock(business=acme.sandbox, to=clock.now(acme.sandbox) + timedelta(days=70))

        assert sandbox_api.post("/orders", order()).json()["pointsAwarded"] == 250

    def test_nothing_for_somebody_who_is_blocked(self, api, acme, ada, purchases):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        assert api.post("/orders", order()).json()["pointsAwarded"] == 0
        assert Order.objects.get().qualified_at


class TestIsToldAgain:
    def test_the_same_is_answered_and_nothing_awarded_twice(self, api, ada, purchases):
        first = api.post("/orders", order()).json()
        second = api.post("/orders", dict(reversed(order().items())))

        assert second.status_code == 200
        assert second.json() == first | {"pointsAwarded": 0}
        assert moves(ada) == [("earn", 250)]

    def test_another_body_moves_the_status_on(self, api, ada, purchases):
        api.post("/orders", order(status="pending"))
        changed = api.post("/orders", order(status="paid"))

        assert (changed.status_code, changed.json()["pointsAwarded"]) == (200, 250)
        assert api.post("/orders", order(status="pending")).json()["order"]["financialStatus"] == "paid"
        assert moves(ada) == [("earn", 250)]

    def test_what_was_bought_may_change_until_it_earns(self, api, ada, purchases):
        api.post("/orders", order(status="pending"))
        fewer = {"lines": LINES[:1], "total": "40.00"}

        assert api.post("/orders", order(**fewer)).json()["pointsAwarded"] == 200
        late = api.post("/orders", order())

        assert (late.json()["pointsAwarded"], late.json()["order"]["total"]) == (0, "40.00")
        assert late.json()["order"]["flags"] == ["edited_after_points"]

    def test_with_a_key_it_is_replayed(self, api, ada, purchases):
        first = api.post("/orders", order(), Idempotency_Key="o-1001")
        again = api.post("/orders", order(), Idempotency_Key="o-1001")

        assert (again.status_code, again.json()) == (201, first.json())


class TestAccepts:
    def test_lines_that_do_not_add_up_and_flags_them(self, api, ada, purchases):
        answer = api.post("/orders", order(subtotal="45.00", total="44.00")).json()

        assert answer["order"]["flags"] == ["lines_do_not_add_up", "totals_do_not_add_up"]
        assert answer["pointsAwarded"] == 250

    def test_products_that_nobody_told_of(self, api, ada, purchases):
        lines = [{"id": "1", "productId": "unheard-of", "price": "50.00"}]

        assert api.post("/orders", order(lines=lines)).json()["pointsAwarded"] == 250

    def test_the_largest_total_there_is(self, api, ada, purchases):
        answer = api.post("/orders", order(lines=[], total="10000000000000.00"))

        assert answer.json()["breakdown"][0]["caps"] == ["largest_award"]

    def test_an_order_that_costs_nothing(self, api, ada, purchases):
        assert api.post("/orders", order(lines=[], total="0.00")).json()["pointsAwarded"] == 0
        assert api.patch("/orders/1001", {"financialStatus": "refunded"}).json()["pointsReversed"] == 0


class TestItsCustomer:
    def test_joins_and_is_paid_for_that_once(self, api, acme, purchases):
        earn_rules.create(business=acme, title="Hello", key="hi", terms=Terms(trigger="signup", earn=Earn(points=50)))
        who = {"externalId": "new-1", "email": "new@example.com", "firstName": "New", "lastName": "Comer"}

        assert api.post("/orders", order(customer=who)).json()["pointsAwarded"] == 250
        api.post("/orders", order("1002", customer=who))

        new = Advocate.objects.get(external_id="new-1")
        assert (new.name, new.email, balance(new)) == ("New Comer", "new@example.com", 550)

    def test_is_found_by_the_address_and_gets_the_shops_id(self, api, acme, purchases):
        api.post("/advocates", {"email": "guest@example.com"})
        api.post("/orders", order(customer={"email": "Guest@example.com"}))
        api.post("/orders", order("1002", customer={"externalId": "guest-1", "email": "guest@example.com"}))

        guest = Advocate.objects.get(email="guest@example.com")
        assert (guest.external_id, balance(guest)) == ("guest-1", 500)

    def test_is_not_lost_for_an_address_that_is_somebody_elses(self, api, ada, purchases):
        who = {"externalId": "other-1", "email": "ada@example.com"}

        assert api.post("/orders", order(customer=who)).json()["pointsAwarded"] == 250
        assert Advocate.objects.get(external_id="other-1").email is None

    def test_is_the_person_that_they_were_merged_into(self, api, ada, bob, purchases):
        api.post(f"/advocates/{ada.pk}/merge", {"intoAdvocateId": str(bob.pk)})

        assert api.post("/orders", order()).json()["order"]["customerId"] == str(bob.pk)
        assert balance(bob) == 250


class TestStory:
    def test_tells_what_was_earned_and_what_went_back(self, api, ada, purchases):
        api.post("/orders", order())
        api.patch("/orders/1001", {"refunds": [{"id": "r-1", "lines": [{"lineId": "mug"}]}]})

        told = api.get("/orders/1001").json()["order"]

        assert [(one["type"], one["amount"]) for one in told["transactions"]] == [("earn", 250), ("reverse", -50)]
        assert (told["pointsEarned"], told["pointsReversed"]) == (250, 50)
        assert [said["points"] for said in told["breakdown"]] == [250]
        assert (told["financialStatus"], told["refundedTotal"]) == ("partially_refunded", "10.00")


# How many statements a POST takes of an order that is paid, a PATCH that says so later, and a PATCH that refunds all
# of it: the same for any number of lines. Limits and a budget are looked up and counted; a coupon is used up by steps
# of its own, as at a till; a referral is judged, and pays two people, of whom it takes back what has not expired.
FEW = 12
STATEMENTS = {
    "plain": (11, 11, 15),
    "capped": (15, 15, 15),
    "coupon": (18, 18, 17),
    "referral": (35, 35, 35),
    "everything": (45, 45, 36),
}


class TestQueries:
    @pytest.fixture(params=STATEMENTS)
    def case(self, request):
        return request.param

    @pytest.fixture
    def said(self, api, acme, ada, bob, give, case):
        """What an order of the case names; the key and the programme are known, as they are to a busy server."""
        is_all, said = case == "everything", {}
        caps = {"limit": Limit(times=9, period="monthly"), "budget": 1_000_000}
        rule(acme, **(caps if is_all or case == "capped" else {}))
        api.post("/orders", order("1000", who="bob-1"))  # of the friend, Ada, the next one is the first
        if is_all or case == "coupon":
            give(ada, 100)
            said["discountCodes"] = [coupon_of(api, ada)]
        if is_all or case == "referral":
            said["referralCode"] = api.post("/referrals", {"advocateId": str(bob.pk)}).json()["referral"]["code"]
        return said

    def test_are_few_for_a_plain_order(self):
        assert max(STATEMENTS["plain"][:2]) <= FEW

    @pytest.mark.parametrize("lines", [1, 3, 30])
    def test_are_as_many_for_any_number_of_lines(self, api, ada, said, case, lines):
        body = order(lines=goods(lines), total=lines, **said)

        with CaptureQueriesContext(connection) as told:
            assert api.post("/orders", body).json()["pointsAwarded"] == 5 * lines

        assert_sent(told, STATEMENTS[case][0])

    @pytest.mark.parametrize("lines", [1, 3, 30])
    def test_are_as_many_when_it_is_paid_later_and_refunded(self, api, ada, said, case, lines):
        api.post("/orders", order(lines=goods(lines), total=lines, status="pending", **said))

        with CaptureQueriesContext(connection) as paid:
            assert api.patch("/orders/1001", {"financialStatus": "paid"}).json()["pointsAwarded"] == 5 * lines
        back = [{"id": "r-1", "lines": [{"lineId": each["id"]} for each in goods(lines)]}]
        with CaptureQueriesContext(connection) as refunded:
            assert api.patch("/orders/1001", {"refunds": back}).json()["pointsReversed"] == 5 * lines

        assert_sent(paid, STATEMENTS[case][1])
        assert_sent(refunded, STATEMENTS[case][2])


def goods(number):
    return [{"id": str(n), "productId": f"p{n}", "price": "1.00"} for n in range(number)]


def assert_sent(asked, number):
    """But for the test's own transaction, and what a table's growth decides."""
    sent = [query["sql"] for query in asked if not re.search(r"SAVEPOINT|^ANALYZE", query["sql"])]
    assert len(sent) == number, "\n".join(sql[:150] for sql in sent)


def test_policy_is_of_the_business(acme):
    policy(acme, refund_deficit="negative")
    acme.refresh_from_db()
    assert acme.refund_deficit == acme.Deficit.NEGATIVE
