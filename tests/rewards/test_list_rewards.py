"""GET /rewards, also as one advocate sees them."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rewards.selectors import offers
from rewards.services import redemptions, rewards
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db


def names(response):
    return [reward["name"] for reward in response.json()["rewards"]]


class TestRefuses:
    @pytest.mark.parametrize(
        ("field", "value"), [("status", "sold"), ("limit", 0), ("page", 0), ("cursor", "x"), ("advocateId", "ada")]
    )
    def test_a_filter_that_makes_no_sense(self, api, field, value):
        assert_refused(api.get("/rewards", **{field: value}), "VALIDATION_ERROR", field)

    def test_advocates_of_another_business(self, api, coffee, eve):
        responses = [api.get("/rewards", advocateId=str(id)) for id in (eve.pk, uuid4())]

        assert_same_refusal(*responses, "NOT_FOUND", status=404)


class TestLists:
    def test_nothing_of_another_business(self, api, offer, rival):
        offer(business=rival)

        assert api.get("/rewards").json() == {
            "rewards": [],
            "total": 0,
            "totalIsCapped": False,
            "page": 1,
            "nextCursor": None,
        }

    def test_by_status_and_type(self, api, offer):
        offer(name="Coffee")
        offer(name="Tea", status="archived")
        offer(name="Shipping", type="free_shipping")

        assert names(api.get("/rewards")) == ["Shipping", "Tea", "Coffee"]
        assert names(api.get("/rewards", status="archived")) == ["Tea"]
        assert names(api.get("/rewards", type="custom", status="active")) == ["Coffee"]

    def test_page_by_page(self, api, offer):
        for number in range(5):
            offer(name=f"Cup {number}")

        first = api.get("/rewards", limit=2).json()
        second = api.get("/rewards", limit=2, cursor=first["nextCursor"])

        assert (first["total"], first["page"]) == (5, 1)
        assert names(second) == ["Cup 2", "Cup 1"]
        assert names(api.get("/rewards", limit=2, page=3)) == ["Cup 0"]


@pytest.fixture
def catalogue(acme, offer, ada, give):
    """One reward for each reason that Ada, with 150 points left, cannot have it; and a coffee."""
    give(ada, 250)
    once = offer(name="once", per_advocate_limit=1)
    redemptions.redeem(business=acme, reward_id=once.pk, advocate_id=ada.pk)
    offer(name="gold", tier_keys=["gold"])
    offer(name="gone", stock=0)
    offer(name="dear", points_cost=1000)
    offer(name="draft", status="draft")
    offer(name="coffee", tier_keys=["bronze"], per_advocate_limit=1, stock=1)


REASONS = {
    "once": (True, False, "LIMIT_REACHED"),
    "gold": (True, False, "NOT_ELIGIBLE"),
    "gone": (True, False, "OUT_OF_STOCK"),
    "dear": (False, True, "INSUFFICIENT_POINTS"),
    "draft": (True, False, "REWARD_INACTIVE"),
    "coffee": (True, True, None),
}


@pytest.mark.usefixtures("catalogue")
class TestForAnAdvocate:
    def test_each_says_why_not(self, api, ada):
        shown = api.get("/rewards", advocateId=str(ada.pk)).json()["rewards"]

        assert {r["name"]: (r["affordable"], r["eligible"], r["reason"]) for r in shown} == REASONS

    def test_a_list_for_nobody_says_nothing(self, api):
        assert not any("reason" in reward for reward in api.get("/rewards").json()["rewards"])

    def test_the_window_shows_what_is_on_offer_cheapest_first(self, acme, ada):
        shown = offers.shop_window(business=acme, account_id=ada.pk)

        assert [offer.reward.name for offer in shown] == ["once", "gold", "gone", "coffee", "dear"]
        assert [offer.points_missing for offer in shown] == [0, 0, 0, 0, 850]
        assert {o.reward.name: (o.affordable, o.eligible, o.reason) for o in shown}.items() <= REASONS.items()

    def test_the_window_takes_two_queries_however_full_it_is(self, acme, ada, offer):
        for _ in range(10):
            offer(per_advocate_limit=1)

        with CaptureQueriesContext(connection) as queries:
            assert len(offers.shop_window(business=acme, account_id=ada.pk)) == 15
        assert len(queries) == 2

    def test_the_window_of_a_stranger_shows_nothing(self, rival, ada):
        assert offers.shop_window(business=rival, account_id=ada.pk) == []


class TestWindow:
    def test_follows_the_clock_of_a_sandbox(self, sandbox_api, acme):
        sandbox = acme.sandbox
        later = rewards.create(business=sandbox, name="Later", type="custom", points_cost=1)
        sandbox_api.patch(f"/rewards/{later.pk}", {"endsAt": "2999-01-01T00:00:00Z"})
        assert len(offers.shop_window(business=sandbox, account_id=uuid4())) == 1

        sandbox_api.patch(f"/rewards/{later.pk}", {"endsAt": sandbox_api.get("/test-clock").json()["now"]})

        assert offers.shop_window(business=sandbox, account_id=uuid4()) == []
