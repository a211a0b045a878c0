"""The overview: figures of the current business, in as many queries for a busy one as for a quiet one."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rewards.services import redemptions, rewards
from tests import dashboards
from webhooks.services import endpoints


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


def cards_of(browser) -> dict[str, str]:
    return {card.title: card.figure for card in browser.get("/admin/").context["cards"]}


class TestOverview:
    def test_of_a_new_business_says_what_to_do_next(self, olga):
        answer = olga.get("/admin/")

        assert [step.title for step in answer.context["steps"] if not step.is_done] == [
            "Create a reward",
            "Make an API key",
            "Connect your shop",
            "Welcome an advocate",
        ]
        assert "No points have moved" in dashboards.text_of(answer)

    def test_stops_saying_so_once_all_is_done(self, olga, acme):
        dashboards.fill(acme, "beans")

        assert olga.get("/admin/").context["steps"] == []

    def test_counts_what_happened(self, olga, acme, ada, bob, give):
        give(ada, 1500)
        give(bob, 20)
        coffee = rewards.create(business=acme, name="Coffee", type="custom", points_cost=400)
        redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=ada.pk)

        assert cards_of(olga) == {
            "Advocates": "2",
            "Points issued": "1,520",
            "Points redeemed": "400",
            "Points outstanding": "1,120",
            "Redemptions": "1",
            "Webhooks": "None",
        }

    def test_draws_thirty_days(self, olga, ada, give):
        give(ada, 70)

        chart = json.loads(olga.get("/admin/").context["chart"])

        assert len(chart["labels"]) == 30
        assert [line["data"][-1] for line in chart["datasets"]] == [70, 0]

    def test_knows_nothing_of_the_rival(self, olga, rival):
        dashboards.fill(rival, "tea")

        assert set(cards_of(olga).values()) == {"0", "None"}

    def test_asks_no_more_of_a_busy_business(self, olga, acme):
        dashboards.fill(acme, "beans")
        quiet = queries(olga)
        for number in range(3):
            dashboards.fill(acme, f"more{number}")

        assert queries(olga) == quiet

    def test_shows_trouble_with_webhooks(self, olga, acme):
        endpoint, _ = endpoints.create(business=acme, url="http://127.0.0.1:9/", topics=["*"])
        assert cards_of(olga)["Webhooks"] == "Healthy"

        endpoints.update(business=acme, endpoint_id=endpoint.pk, status="disabled")
        assert cards_of(olga)["Webhooks"] == "Trouble"


def queries(browser) -> int:
    with CaptureQueriesContext(connection) as asked:
        browser.get("/admin/")
    return len(asked)
