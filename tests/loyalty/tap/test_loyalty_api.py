"""Taps over the Loyalty API, with a person's own token."""

from datetime import timedelta
from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.models import Segment
from loyalty.services import publication
from tests.loyalty.quests.conftest import points_of
from tests.loyalty.test_loyalty_api import app_of

pytestmark = pytest.mark.django_db

BATCH = "7f0c2f86-3f5e-4c0e-9c1d-2f6b1a9d8e70"
TAPS: Any = {"programme": "tap", "batchId": BATCH, "taps": 5}


@pytest.fixture
def app(ada):
    return app_of(ada)


def later(**time):
    return clock.moved_to(clock.wall() + timedelta(**time))


class TestARefusal:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"programme": None}, "programme"),
            ({"programme": "Tap!"}, "programme"),
            ({"batchId": None}, "batchId"),
            ({"batchId": "b-1"}, "batchId"),
            ({"taps": 0}, "taps"),
            ({"taps": -1}, "taps"),
            ({"taps": 501}, "taps"),
            ({"taps": 1.5}, "taps"),
            ({"taps": "5"}, "taps"),
            ({"taps": True}, "taps"),
            ({"at": "2027-05-03T12:00:00Z"}, "at"),
        ],
    )
    def test_names_the_field(self, app, ada, start, change, field):
        start()

        response = app.post("/taps", TAPS | change)

        assert response.status_code == 400
        assert response.json()["error"]["field"] == field
        assert points_of(ada) == 0

    @pytest.mark.parametrize("field", TAPS)
    def test_names_what_is_missing(self, app, start, field):
        start()

        response = app.post("/taps", {name: value for name, value in TAPS.items() if name != field})

        assert (response.status_code, response.json()["error"]["field"]) == (400, field)

    def test_of_what_is_not_theirs_is_the_same_as_of_nothing(self, acme, rival, app, start):
        start(business=rival, key="theirs")
        Segment.objects.create(business=acme, key="vip", title="VIP")
        start(key="vips", segments=["vip"])

        answers = [app.post("/taps", TAPS | {"programme": key}) for key in ("theirs", "vips", "nothing")]

        assert {answer.status_code for answer in answers} == {404}
        assert {answer.json()["error"]["field"] for answer in answers} == {"programme"}
        assert len({answer.json()["message"] for answer in answers}) == 1
        assert app.get("/taps").json()["data"] == []


class TestTaps:
    def test_shows_what_there_is(self, app, start):
        start(per_tap=2, per_day=50)
        start(key="later", status="paused")

        tap, later = app.get("/taps").json()["data"]

        assert tap == {
            "key": "tap",
            "title": "Tap",
            "status": "active",
            "metricId": "points",
            "pointsPerTap": 2,
            "energy": 100,
            "maximumEnergy": 100,
            "refillSeconds": 10,
            "tapsPerSecond": 10,
            "nextEnergyIn": 0,
            "fullEnergyIn": 0,
            "perDay": 50,
            "leftToday": 50,
            "earned": 0,
        }
        assert later["status"] == "paused"

    def test_pays_and_tells_what_is_left(self, app, ada, start):
        start()

        response = app.post("/taps", TAPS)

        assert response.status_code == 200
        assert response.json()["message"] == "OK"
        data = response.json()["data"]
        assert {name: data[name] for name in ("taps", "points", "limits", "balance")} == {
            "taps": 5,
            "points": 5,
            "limits": [],
            "balance": 5,
        }
        assert (data["programme"]["energy"], data["programme"]["nextEnergyIn"]) == (95, 10)
        assert points_of(ada) == 5

    def test_answers_a_repeated_batch_the_same_and_pays_nothing(self, app, ada, start):
        start()
        first = app.post("/taps", TAPS)

        with later(seconds=30):
            again = app.post("/taps", TAPS)

        assert again.content == first.content
        assert again["Idempotent-Replayed"] == "true"
        assert points_of(ada) == 5

    def test_answers_a_batch_that_earned_nothing_the_same_when_the_energy_is_back(self, app, ada, start):
        start(energy=1)
        app.post("/taps", TAPS | {"batchId": BATCH.replace("7", "8"), "taps": 1})
        first = app.post("/taps", TAPS)

        with later(hours=1):
            again = app.post("/taps", TAPS)

        assert again.content == first.content
        assert first.json()["data"]["limits"] == ["energy"]
        assert points_of(ada) == 1

    def test_refuses_a_batch_that_was_another_one(self, app, ada, start):
        start()
        app.post("/taps", TAPS)

        response = app.post("/taps", TAPS | {"taps": 50})

        assert (response.status_code, response.json()["error"]["code"]) == (422, "IDEMPOTENCY_MISMATCH")
        assert points_of(ada) == 5

    def test_is_told_as_points_earned(self, api, app, start):
        start()
        app.post("/taps", TAPS)
        publication.publish()

        (event,) = [one for one in api.get("/events").json()["events"] if one["type"] == "points/earned"]

        assert (event["data"]["action"], event["data"]["points"]) == ("tap", 5)

    def test_says_why(self, api, app, ada, start):
        start(energy=3)
        app.post("/taps", TAPS)
        (entry,) = api.get(f"/advocates/{ada.pk}/transactions").json()["transactions"]

        why = api.get(f"/advocates/{ada.pk}/transactions/{entry['id']}/why").json()

        assert '"limits": ["energy"]' in str(why).replace("'", '"')
