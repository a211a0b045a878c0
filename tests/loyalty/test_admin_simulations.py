"""Simulations in the dashboard: start one from a draft or a version, watch it, read what it came to."""

import json

import pytest

from loyalty.models import ProgrammeVersion, Simulation
from loyalty.services import programme, simulations
from tests import dashboards
from tests.dashboards import Role
from tests.loyalty.test_simulations import rides, rode

__all__ = ["rode"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


def add(browser, draft, **more):
    given = {"days": 30, "point_value": "0.01", "draft": draft if isinstance(draft, str) else json.dumps(draft)}
    return browser.post("/admin/loyalty/simulation/add/", given | more, follow=True)


class TestStart:
    @pytest.mark.parametrize(
        ("draft", "more", "said"),
        [
            ("{", {}, "This is no JSON"),
            ("[]", {}, "It is an object"),
            ({"shoes": []}, {}, "shoes"),
            ({}, {"days": 0}, "greater than or equal to 1"),
        ],
    )
    def test_says_what_is_wrong(self, olga, draft, more, said):
        assert said in dashboards.text_of(add(olga, draft, **more))
        assert not Simulation.objects.exists()

    def test_offers_the_programme_as_it_is(self, olga, rode):
        assert "&quot;ride&quot;" in olga.get("/admin/loyalty/simulation/add/").content.decode()

    def test_shows_how_far_it_is_and_what_it_came_to(self, olga, rode):
        assert add(olga, {"earnRules": [rides(25)]}).status_code == 200
        page = dashboards.page(Simulation.objects.get())
        assert olga.get(page)["Refresh"] == "3"

        simulations.work_off()

        shown = olga.get(page)
        assert "Refresh" not in shown
        text = dashboards.text_of(shown)
        assert "0.30 → 0.75" in text
        assert "Ride (rule)" in text

    def test_is_told_if_one_runs_already(self, olga, acme):
        simulations.start(business=acme, document={})

        assert "is running" in dashboards.text_of(add(olga, {}))

    def test_is_not_for_analysts(self, acme):
        assert add(dashboards.works_for(acme, Role.ANALYST), {}).status_code == 403


class TestAVersion:
    def test_is_tried_by_a_button(self, olga, acme, rode):
        programme.apply(business=acme, document=programme.parsed({"earnRules": [rides(25)]}))
        programme.apply(business=acme, document=programme.parsed({"earnRules": []}))
        version = ProgrammeVersion.objects.get(number=2)

        olga.post(dashboards.page(version, "try_it"), {"days": 7})
        simulations.work_off()

        assert simulations.report(Simulation.objects.get()).draft == 75


class TestCancel:
    def test_by_a_button_while_it_runs(self, olga, acme, rival):
        row = simulations.start(business=acme, document={})

        assert dashboards.works_for(rival).post(dashboards.page(row, "cancel")).status_code == 404
        olga.post(dashboards.page(row, "cancel"))

        row.refresh_from_db()
        assert row.state == Simulation.State.CANCELLED
        assert olga.post(dashboards.page(row, "cancel")).status_code == 403
