"""The page about simulations: its call, sent, comes to what its answer says."""

import json
import re
from pathlib import Path

import pytest

from loyalty.models import Simulation
from loyalty.services import actions, earn_rules, simulations
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.reports import Report

pytestmark = pytest.mark.django_db
PAGE = (Path(__file__).parents[2] / "docs/developers/simulations.md").read_text()
CALL, ANSWER = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))


class TestThePage:
    def test_says_what_its_call_comes_to(self, acme, ada, bob, api):
        terms = Terms(trigger="ride_completed", earn=Earn(points=10))
        earn_rules.create(business=acme, title="A ride", key="ride", terms=terms)
        for who in (ada, ada, bob):
            report = Report(account_id=who.pk, name="ride_completed", data={}, origin="server")
            actions.take(report, business=acme)

        started = api.post("/programme/simulate", CALL)
        simulations.work_off()
        read = api.get(f"/programme/simulations/{started.json()['simulation']['id']}").json()["simulation"]

        assert started.status_code == 202
        assert {name: read[name] for name in ANSWER["simulation"]} == ANSWER["simulation"]

    def test_has_every_state(self):
        _, _, table = PAGE.partition("| `state` |")

        assert re.findall(r"^\| `(\w+)` \| ", table, re.MULTILINE) == Simulation.State.values
