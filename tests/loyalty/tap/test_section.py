"""Tap to Earn in the programme's document."""

import pytest

from loyalty.models import TapProgramme

pytestmark = pytest.mark.django_db

ITEM = {"key": "tap", "title": "Tap", "status": "active", "energy": 200, "refillSeconds": 30}


def put(api, *items, **query):
    return api.put("/programme", {"tapToEarn": list(items)}, **query)


class TestARefusal:
    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"pays": "gems"}, "pays"),
            ({"segments": ["vip"]}, "segments.0"),
            ({"energy": 0}, "energy"),
            ({"energy": 100_001}, "energy"),
            ({"energy": 1.5}, "energy"),
            ({"refillSeconds": 0}, "refillSeconds"),
            ({"refillSeconds": 86_401}, "refillSeconds"),
            ({"perSecond": 0}, "perSecond"),
            ({"perSecond": 51}, "perSecond"),
            ({"perTap": 0}, "perTap"),
            ({"perTap": 5, "perDay": 4}, "perDay"),
            ({"perDay": 0}, "perDay"),
            ({"key": "Tap"}, "key"),
            ({"status": "archived"}, "status"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_names_the_path(self, api, change, path):
        response = put(api, ITEM | change)

        assert response.status_code == 400
        assert response.json()["error"]["field"] == f"tapToEarn.0.{path}"

    def test_of_another_metric_asks_for_another_programme(self, api):
        metrics = [{"key": "points", "title": "Points"}, {"key": "stars", "title": "Stars"}]
        api.put("/programme", {"metrics": metrics, "tapToEarn": [ITEM]})

        response = put(api, ITEM | {"pays": "stars"})

        assert response.json()["error"]["field"] == "tapToEarn.0.pays"


class TestADocument:
    def test_comes_out_as_it_went_in(self, api):
        segments = [{"key": "vip", "title": "VIP"}]
        full = ITEM | {"pays": "points", "perTap": 2, "perSecond": 5, "perDay": 100, "segments": ["vip"]}

        response = api.put("/programme", {"segments": segments, "tapToEarn": [full]})

        assert response.status_code == 200
        assert api.get("/programme").json()["tapToEarn"] == [full]

    def test_that_is_applied_again_changes_nothing(self, api, acme):
        put(api, ITEM)
        before = TapProgramme.objects.for_business(acme).values().get()

        assert put(api, ITEM).json()["changes"] == []
        assert TapProgramme.objects.for_business(acme).values().get() == before

    def test_archives_what_it_leaves_out_and_brings_it_back(self, api, acme):
        put(api, ITEM)

        put(api)
        assert TapProgramme.objects.for_business(acme).get().status == "archived"
        put(api, ITEM)
        assert TapProgramme.objects.for_business(acme).get().status == "active"

    def test_may_be_for_the_members_that_it_declares(self, api):
        memberships = [{"key": "gold-club", "title": "Gold club"}]

        response = api.put(
            "/programme", {"memberships": memberships, "tapToEarn": [ITEM | {"segments": ["gold-club"]}]}
        )

        assert response.status_code == 200
        assert api.get("/programme").json()["tapToEarn"][0]["segments"] == ["gold-club"]
