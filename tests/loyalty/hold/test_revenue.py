"""Revenue that a backend reports, and the pools that live on it."""

import pytest

from loyalty.models import Business, HoldFeed, RevenueReport
from loyalty.services import accrual
from loyalty.services.hold_rules import Pool, Revenue
from tests.loyalty.hold.conftest import accrued, minute_passes
from tests.races import at_once

pytestmark = pytest.mark.django_db

REPORT = {"requestId": "r-1", "revenue": "14.40", "date": "2027-05-03"}
FED = Pool(revenue=Revenue(points=100, per="1.00"))


class TestARefusal:
    def test_without_a_key(self, anonymous_api, acme):
        assert anonymous_api.post("/revenue", REPORT).status_code == 401

    def test_with_a_secret_key(self, api):
        assert api.post("/revenue", REPORT).status_code == 401

    def test_from_an_address_that_is_not_listed(self, acme, integration_api):
        acme.ip_allowlist = []
        acme.save()

        assert integration_api.post("/revenue", REPORT).json()["code"] == "IP_NOT_ALLOWED"

    @pytest.mark.parametrize("field", ["requestId", "revenue", "date"])
    def test_without_a_field(self, time, integration_api, field):
        response = integration_api.post("/revenue", {k: v for k, v in REPORT.items() if k != field})

        assert (response.status_code, response.json()["property"]) == (400, field)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("requestId", ""),
            ("requestId", "r" * 129),
            ("requestId", 7),
            ("revenue", "-1.00"),
            ("revenue", "1.001"),
            ("revenue", "a lot"),
            ("date", "2027-05-05"),
            ("date", "1999-12-31"),
            ("date", "yesterday"),
            ("currency", "USD"),
            ("currency", "eur"),
        ],
    )
    def test_of_what_makes_no_sense(self, time, integration_api, field, value):
        response = integration_api.post("/revenue", {**REPORT, field: value})

        assert (response.status_code, response.json()["property"]) == (400, field)
        assert not RevenueReport.objects.exists()

    @pytest.mark.parametrize(("minutes_since_noon", "status"), [(-121, 400), (-120, 200)])
    @pytest.mark.parametrize("timezone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
    def test_of_a_day_that_has_begun_nowhere(self, time, acme, integration_api, timezone, minutes_since_noon, status):
        """Days begin in Kiritimati, at 10:00 UTC of the day before, wherever the business is."""
        Business.objects.filter(pk=acme.pk).update(timezone=timezone)
        time.passes(minutes=minutes_since_noon)

        response = integration_api.post("/revenue", {**REPORT, "date": "2027-05-04"})

        assert response.status_code == status

    def test_of_a_request_id_that_was_received_before(self, time, acme, integration_api, start):
        start(pool=FED)
        integration_api.post("/revenue", REPORT)

        response = integration_api.post("/revenue", {**REPORT, "revenue": "99.00"})

        assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
        assert response.json()["property"] == "requestId"
        assert [feed.points for feed in HoldFeed.objects.for_business(acme)] == [1440]


class TestAReport:
    def test_is_taken_in_where_no_pool_lives_on_it(self, time, integration_api):
        response = integration_api.post("/revenue", REPORT)

        assert (response.status_code, response.content) == (200, b"")

    def test_flows_over_the_day_that_begins_with_it(self, time, integration_api, start, holder):
        ada = holder(100)
        start(pool=FED)
        minute_passes(time, 2)
        integration_api.post("/revenue", REPORT)

        minute_passes(time, 3)
        assert accrued(ada) == 3
        time.passes(days=2)
        accrual.accrue_due()
        assert accrued(ada) == 1440

    def test_adds_to_what_flows_already(self, time, integration_api, start, holder):
        ada = holder(100)
        start(pool=FED)
        integration_api.post("/revenue", REPORT)
        time.passes(minutes=30)
        integration_api.post("/revenue", {**REPORT, "requestId": "r-2", "revenue": "28.80"})

        time.passes(minutes=10)
        accrual.accrue_due()

        assert accrued(ada) == 30 + 10 * 3

    def test_leaves_what_is_less_than_a_point_to_the_next_one(self, time, acme, integration_api, start):
        start(pool=Pool(revenue=Revenue(points=1, per="10.00")))
        for number, revenue in enumerate(["9.99", "0.01", "25.00", "5.00"]):
            integration_api.post("/revenue", {**REPORT, "requestId": f"r-{number}", "revenue": revenue})

        fed = HoldFeed.objects.for_business(acme).order_by("starts_at", "pk")
        assert sorted(feed.points for feed in fed) == [1, 1, 2]

    def test_of_two_businesses_may_have_one_request_id(self, time, acme, rival, integration_api):
        RevenueReport.objects.create(business=rival, request_id="r-1", minor=1, currency="EUR", day=time.now.date())

        assert integration_api.post("/revenue", REPORT).status_code == 200


@pytest.mark.django_db(transaction=True)
class TestTwentyAtOnce:
    def test_count_once(self, acme, integration_api, start):
        start(pool=FED)

        answers = at_once(20, lambda _: integration_api.post("/revenue", {**REPORT, "date": "2026-05-03"}))

        assert sorted(answer.status_code for answer in answers) == [200] + 19 * [409]
        assert RevenueReport.objects.count() == HoldFeed.objects.count() == 1
