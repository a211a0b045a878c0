"""Visits that the shop saw, and what a code brought over a period."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from loyalty.kernel import clock
from referrals.models import Click
from referrals.services import clicks, decisions, signals
from tests.races import at_once, errors
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db

VISIT = {"code": "ADA-1815", "visitorId": "v-1"}
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def stats_of(api, **period):
    return api.get("/referrals/ADA-1815/stats", **period).json()


class TestTrack:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"visitorId": ""}, "visitorId"),
            ({"visitorId": "v" * 201}, "visitorId"),
            ({"landingUrl": "x" * 4001}, "landingUrl"),
            ({"clientIp": "localhost"}, "clientIp"),
            ({"page": "/"}, "page"),
        ],
    )
    def test_refuses_what_means_nothing(self, api, adas, said, field):
        assert_refused(api.post("/referrals/track", {**VISIT, **said}), "VALIDATION_ERROR", field)

    def test_refuses_a_code_of_another_business_like_one_that_nobody_has(self, rival_api, adas):
        foreign = rival_api.post("/referrals/track", VISIT)
        unknown = rival_api.post("/referrals/track", {**VISIT, "code": "NOBODYS"})

        assert_same_refusal(foreign, unknown, "NOT_FOUND", status=404)

    @pytest.mark.usefixtures("at_one_moment")
    def test_counts_a_visitor_once_a_day_as_unique(self, api, acme, adas):
        for _ in range(3):
            answer = api.post("/referrals/track", VISIT)
        api.post("/referrals/track", {**VISIT, "visitorId": "v-2"})
        with clock.moved_to(clock.wall() + timedelta(days=1)):
            clicks.track(business=acme, code="ADA-1815", seen=signals.of(acme, visitor_id="v-1"))

        assert (answer.status_code, answer.json()) == (200, {"tracked": True})
        stats = stats_of(api)
        assert (stats["clicks"], stats["uniqueVisitors"]) == (5, 3)

    @pytest.mark.usefixtures("at_one_moment")
    def test_counts_the_visitor_of_the_link_only_once(self, api, shop, adas):
        Client(headers={"User-Agent": "Mozilla"}).get("/r/ADA-1815")

        api.post("/referrals/track", {**VISIT, "clientIp": "127.0.0.1", "userAgent": "Mozilla"})

        assert (stats_of(api)["clicks"], stats_of(api)["uniqueVisitors"]) == (1, 1)

    @pytest.mark.parametrize("url", ["https://shop.example/sale?email=ada@example.com#me", "https://["])
    def test_keeps_the_page_without_what_shops_write_behind_it(self, api, adas, url):
        api.post("/referrals/track", {**VISIT, "landingUrl": url})

        assert Click.objects.get().landing in ("https://shop.example/sale", "")


class TestStats:
    @pytest.mark.parametrize("period", [{"from": "yesterday"}, {"to": "2026-05-01"}, {"since": "x"}])
    def test_refuses_what_is_no_period(self, api, adas, period):
        assert_refused(api.get("/referrals/ADA-1815/stats", **period), "VALIDATION_ERROR", next(iter(period)))

    def test_refuses_an_end_before_the_beginning(self, api, adas):
        period = {"from": "2026-05-02T00:00:00Z", "to": "2026-05-01T00:00:00Z"}

        assert_refused(api.get("/referrals/ADA-1815/stats", **period), "VALIDATION_ERROR", "to")

    def test_says_the_same_of_a_foreign_code_as_of_none(self, rival_api, adas):
        foreign, unknown = rival_api.get("/referrals/ADA-1815/stats"), rival_api.get("/referrals/NOBODYS/stats")

        assert_same_refusal(foreign, unknown, "NOT_FOUND", status=404)

    def test_sums_what_was_confirmed_in_the_businesss_currency(self, api, acme, adas, order):
        order("1", email="a@example.com", minor=1000)
        order("2", email="b@example.com", minor=2050)
        order("3", email="c@example.com", minor=9900, currency="USD")
        order("4", email="ada@example.com")
        held = order("5", email="a+1@example.com").conversion
        gone = order("6", email="d@example.com").conversion
        decisions.reverse(business=acme, conversion_id=gone.pk)

        assert held.status == "held"
        assert stats_of(api) == {
            "clicks": 0,
            "uniqueVisitors": 0,
            "conversions": 3,
            "revenue": "30.50",
            "pending": 1,
            "rejected": 1,
            "currency": "EUR",
        }

    def test_counts_from_the_beginning_and_before_the_end(self, api, acme, adas, order):
        for day in range(3):
            with clock.moved_to(NOON + timedelta(days=day)):
                order(str(day), email=f"friend{day}@example.com")
                clicks.track(business=acme, code="ADA-1815", seen=signals.of(acme, visitor_id="v-1"))

        period = {"from": "2026-05-02T00:00:00Z", "to": "2026-05-03T00:00:00Z"}

        stats = stats_of(api, **period)
        assert (stats["clicks"], stats["conversions"], stats["revenue"]) == (1, 1, "42.00")


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_fifty_visits_at_once_are_all_counted(self, api, acme, adas):
        seen = [signals.of(acme, visitor_id=f"v-{number % 5}") for number in range(50)]

        def visit(number):
            with clock.moved_to(NOON):  # all on one day
                clicks.track(business=acme, code="ADA-1815", seen=seen[number])

        results = at_once(50, visit)

        assert errors(results) == []
        assert (stats_of(api)["clicks"], stats_of(api)["uniqueVisitors"]) == (50, 5)

    def test_would_fail_without_the_lock(self, acme, adas, monkeypatch):
        find = clicks.codes.find
        monkeypatch.setattr(clicks.codes, "find", lambda **said: find(**{**said, "locked": False}))

        results = at_once(
            50, lambda _: clicks.track(business=acme, code="ADA-1815", seen=signals.of(acme, visitor_id="v"))
        )

        assert errors(results)
