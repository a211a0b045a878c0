"""GET /advocates/:id/points, /transactions and /transactions/:tid/why."""

from datetime import timedelta
from uuid import uuid4

import pytest

from loyalty.kernel import clock
from loyalty.models import Metric
from loyalty.services import ledger
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db


def wire(moment):
    return moment.isoformat().replace("+00:00", "Z")


class TestPoints:
    def test_refuses_without_a_key(self, anonymous_api, ada):
        assert anonymous_api.get(f"/advocates/{ada.pk}/points").status_code == 401

    def test_refuses_somebody_of_another_business(self, api, eve):
        assert_same_refusal(
            api.get(f"/advocates/{eve.pk}/points"),
            api.get(f"/advocates/{uuid4()}/points"),
            "NOT_FOUND",
            status=404,
        )

    def test_a_newcomer_has_nothing(self, api, ada):
        assert api.get(f"/advocates/{ada.pk}/points").json() == {
            "balance": 0,
            "pending": 0,
            "lifetimeEarned": 0,
            "lifetimeSpent": 0,
            "expiring": [],
            "metrics": {"points": 0},
        }

    def test_what_was_earned_spent_and_will_expire(self, api, acme, ada, give):
        Metric.objects.create(business=acme, key="miles", title="Miles")
        soon, later = clock.wall() + timedelta(days=1), clock.wall() + timedelta(days=2)
        give(ada, 100, expires_at=later)
        give(ada, 10, expires_at=soon)
        give(ada, 7, metric="miles")
        give(ada, 5, pending_until=soon)
        ledger.spend(business=acme, account_id=ada.pk, amount=30)

        assert api.get(f"/advocates/{ada.pk}/points").json() == {
            "balance": 80,
            "pending": 5,
            "lifetimeEarned": 110,
            "lifetimeSpent": 30,
            "expiring": [{"amount": 80, "expiresAt": wire(later)}],
            "metrics": {"miles": 7, "points": 80},
        }


class TestTransactions:
    def test_refuses_somebody_of_another_business(self, api, eve):
        assert_same_refusal(
            api.get(f"/advocates/{eve.pk}/transactions"),
            api.get(f"/advocates/{uuid4()}/transactions"),
            "NOT_FOUND",
            status=404,
        )

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("type", "gift"),
            ("from", "x"),
            ("from", "0"),
            ("to", "2026-01-01"),
            ("limit", "0"),
            ("page", "1"),
            ("cursor", "x"),
        ],
    )
    def test_refuses_a_parameter_that_makes_no_sense(self, api, ada, field, value):
        response = api.get(f"/advocates/{ada.pk}/transactions", **{field: value})

        assert_refused(response, "VALIDATION_ERROR", field)

    def test_newest_first_and_whole(self, api, ada, give):
        given = [api.post(f"/advocates/{ada.pk}/points", {"amount": n, "description": f"no {n}"}) for n in (1, 2)]

        answer = api.get(f"/advocates/{ada.pk}/transactions").json()

        assert answer["transactions"] == [response.json()["transaction"] for response in reversed(given)]
        assert answer["nextCursor"] is None

    def test_by_type_metric_and_time(self, api, acme, ada, give):
        Metric.objects.create(business=acme, key="miles", title="Miles")
        give(ada, 100)
        give(ada, 7, metric="miles")
        spent = ledger.spend(business=acme, account_id=ada.pk, amount=30)

        assert amounts(api, ada, type="spend") == [-30]
        assert amounts(api, ada, metric="miles") == [7]
        assert amounts(api, ada, **{"from": wire(spent.occurred_at)}) == [-30]
        assert amounts(api, ada, to=wire(spent.occurred_at)) == [7, 100]

    def test_since_a_time_with_whatever_offset(self, api, ada, give):
        give(ada, 100)

        assert amounts(api, ada, **{"from": "2020-05-23T07:53:22+21:27"}) == [100]

    def test_new_ones_between_pages_move_none(self, api, ada, give):
        for amount in range(1, 8):
            give(ada, amount)
        seen, cursor = [], {}
        for _ in range(3):
            page = api.get(f"/advocates/{ada.pk}/transactions", limit=3, **cursor).json()
            seen += [transaction["amount"] for transaction in page["transactions"]]
            cursor = {"cursor": page["nextCursor"]}
            give(ada, 99)

        assert (seen, cursor) == ([7, 6, 5, 4, 3, 2, 1], {"cursor": None})

    def test_refuses_the_cursor_of_another_list(self, api, ada, bob, give):
        cursor = api.get("/advocates", limit=1).json()["nextCursor"]

        assert_refused(api.get(f"/advocates/{ada.pk}/transactions", cursor=cursor), "VALIDATION_ERROR", "cursor")

    def test_a_long_page_asks_no_more_than_a_short_one(self, api, ada, give, django_assert_num_queries):
        for _ in range(30):
            give(ada, 1, description="one")
        api.get("/advocates")

        for limit in (1, 30):
            with django_assert_num_queries(3):  # is there such an advocate, does something wait, and the page
                assert len(amounts(api, ada, limit=limit)) == limit


class TestWhy:
    def test_refuses_what_is_not_the_advocates(self, api, ada, bob, eve, give):
        mine, foreign = give(bob, 5), give(eve, 5)

        for owner, entry in ((ada, mine), (ada, foreign), (eve, foreign)):
            assert_same_refusal(
                api.get(f"/advocates/{owner.pk}/transactions/{entry.id}/why"),
                api.get(f"/advocates/{ada.pk}/transactions/{uuid4()}/why"),
                "NOT_FOUND",
                status=404,
            )

    def test_an_award_made_a_lot(self, api, ada, give):
        expires_at = clock.wall() + timedelta(days=1)
        entry = give(ada, 50, expires_at=expires_at, reason={"order": 7, "caps": [{"daily": 50}]})

        why = api.get(f"/advocates/{ada.pk}/transactions/{entry.id}/why").json()

        (lot,) = why["lots"]["made"]
        assert (lot["amount"], lot["remaining"], lot["expiresAt"]) == (50, 50, wire(expires_at))
        assert (why["inputs"], why["caps"], why["rule"], why["version"]) == ({"order": 7}, [{"daily": 50}], None, None)
        assert (why["transaction"]["id"], why["lots"]["taken"]) == (str(entry.id), [])

    def test_a_deduction_took_from_lots(self, api, ada, give):
        give(ada, 10, expires_at=clock.wall() + timedelta(days=1))
        give(ada, 10)
        entry = api.post(f"/advocates/{ada.pk}/points", {"amount": -15}).json()["transaction"]

        lots = api.get(f"/advocates/{ada.pk}/transactions/{entry['id']}/why").json()["lots"]

        assert sorted((lot["amount"], lot["expiresAt"] is None) for lot in lots["taken"]) == [(5, True), (10, False)]
        assert lots["made"] == []


def amounts(api, advocate, **query):
    response = api.get(f"/advocates/{advocate.pk}/transactions", **query)
    return [transaction["amount"] for transaction in response.json()["transactions"]]
