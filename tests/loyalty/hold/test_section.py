"""Hold to Earn in the programme's document, and the four programmes to begin with."""

from datetime import timedelta

import pytest

from loyalty.models import HoldProgramme

pytestmark = pytest.mark.django_db

ITEM = {"key": "pool", "title": "Pool", "status": "active", "term": "PT8H", "pool": {"perDay": 1000}}


def put(api, *items, **query):
    return api.put("/programme", {"holdToEarn": list(items)}, **query)


class TestARefusal:
    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"stake": "gems"}, "stake"),
            ({"pays": "gems"}, "pays"),
            ({"segments": ["vip"]}, "segments.0"),
            ({"pool": None}, "pool"),
            ({"pool": {}}, "pool"),
            ({"pool": {"perDay": 1, "revenue": {"points": 1, "per": "1.00"}}}, "pool"),
            ({"pool": {"perDay": 0}}, "pool.perDay"),
            ({"pool": {"revenue": {"points": 1, "per": "0.00"}}}, "pool.revenue.per"),
            ({"bonus": 5}, "bonus"),
            ({"kind": "welcome"}, "pool"),
            ({"kind": "welcome", "pool": None}, "bonus"),
            ({"term": "P1W"}, "term"),
            ({"term": "P367D"}, "term"),
            ({"minimum": 0}, "minimum"),
            ({"kind": "other"}, "kind"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_names_the_path(self, api, change, path):
        response = put(api, ITEM | change)

        assert response.status_code == 400
        assert response.json()["error"]["field"] == f"holdToEarn.0.{path}"

    def test_of_another_metric_asks_for_another_programme(self, api):
        metrics = [{"key": "points", "title": "Points"}, {"key": "stars", "title": "Stars"}]
        api.put("/programme", {"metrics": metrics, "holdToEarn": [ITEM]})

        response = put(api, ITEM | {"pays": "stars"})

        assert response.json()["error"]["field"] == "holdToEarn.0.kind"


class TestADocument:
    def test_comes_out_as_it_went_in(self, api):
        segments = [{"key": "vip", "title": "VIP"}]
        welcome = {"key": "welcome", "title": "Hello", "kind": "welcome", "status": "paused", "bonus": 50}
        fed = {"key": "fed", "title": "Fed", "status": "active", "pool": {"revenue": {"points": 5, "per": "1.00"}}}
        rest = {"minimum": 100, "term": "P1DT12H", "segments": ["vip"]}

        response = api.put("/programme", {"segments": segments, "holdToEarn": [ITEM | rest, welcome, fed]})

        assert response.status_code == 200
        found = {item["key"]: item for item in api.get("/programme").json()["holdToEarn"]}
        assert found["pool"] == found["pool"] | ITEM | rest | {"pool": {"perDay": 1000, "revenue": None}}
        assert found["welcome"] == found["welcome"] | welcome
        assert found["fed"]["pool"] == {"perDay": None, "revenue": {"points": 5, "per": "1.00"}}

    def test_that_is_applied_again_changes_nothing(self, api, acme):
        put(api, ITEM)
        before = HoldProgramme.objects.for_business(acme).values().get(key="pool")

        assert put(api, ITEM).json()["changes"] == []
        assert HoldProgramme.objects.for_business(acme).values().get(key="pool") == before

    def test_archives_what_it_leaves_out_and_brings_it_back(self, api, acme):
        put(api, ITEM)

        put(api)
        assert HoldProgramme.objects.for_business(acme).get(key="pool").status == "archived"
        put(api, ITEM)
        assert HoldProgramme.objects.for_business(acme).get(key="pool").status == "active"


class TestTheFourToBeginWith:
    def test_wait_in_every_business_to_be_switched_on(self, acme):
        for business in (acme, acme.sandbox):
            rows = HoldProgramme.objects.for_business(business).order_by("-kind", "term")

            assert [(row.key, row.kind, row.term, row.status) for row in rows] == [
                ("welcome", "welcome", timedelta(0), "paused"),
                ("8-hours", "regular", timedelta(hours=8), "paused"),
                ("1-day", "regular", timedelta(days=1), "paused"),
                ("3-days", "regular", timedelta(days=3), "paused"),
            ]

    def test_are_gone_where_a_document_leaves_them_out(self, api, acme):
        put(api, ITEM)

        live = HoldProgramme.objects.for_business(acme).exclude(status="archived")
        assert [row.key for row in live] == ["pool"]
