"""Tap to Earn in the dashboard."""

import pytest

from loyalty.models import Metric, TapProgramme
from tests import dashboards
from tests.dashboards import Role
from tests.loyalty.tap.conftest import tap

SAID = {
    "title": "Tap a bean",
    "key": "",
    "status": "active",
    "per_tap": 2,
    "energy": 300,
    "refill_seconds": 6,
    "per_second": 8,
    "per_day": "",
    "segments": "",
}


@pytest.fixture
def said(acme):
    return SAID | {"pays": str(Metric.objects.for_business(acme).get(key="points").pk)}


class TestRefuses:
    def test_another_business(self, start, rival):
        programme = start()
        stan = dashboards.works_for(rival)

        assert str(programme.pk) not in dashboards.text_of(stan.get(dashboards.listed(TapProgramme)))
        assert stan.get(dashboards.page(programme)).status_code == 302

    def test_analysts_that_want_to_change_something(self, start, acme, said):
        programme = start()
        ann = dashboards.works_for(acme, Role.ANALYST)

        assert ann.get(dashboards.page(programme)).status_code == 200
        assert ann.post(dashboards.page(programme), said).status_code == 403

    def test_a_day_without_room_for_a_tap_beside_its_field(self, acme, said):
        olga = dashboards.works_for(acme)

        response = olga.post("/admin/loyalty/tapprogramme/add/", said | {"per_day": 1})

        assert "A day must have room for one tap." in dashboards.text_of(response)
        assert not TapProgramme.objects.for_business(acme).exists()


class TestAProgramme:
    def test_is_made_and_changed(self, acme, said):
        olga = dashboards.works_for(acme)

        olga.post("/admin/loyalty/tapprogramme/add/", said)
        row = TapProgramme.objects.for_business(acme).get()
        assert (row.key, row.status, row.per_tap, row.energy) == ("tap-a-bean", "active", 2, 300)

        olga.post(dashboards.page(row), said | {"status": "paused", "per_day": 50})
        row.refresh_from_db()
        assert (row.status, row.per_day, row.pays.key) == ("paused", 50, "points")

    def test_shows_who_has_tapped(self, acme, ada, start):
        programme = start(per_tap=3)
        tap(ada, 7)

        page = dashboards.text_of(dashboards.works_for(acme).get(dashboards.page(programme)))

        assert "Ada Lovelace" in page
        assert ">21<" in page.replace("\n", "").replace(" ", "")
