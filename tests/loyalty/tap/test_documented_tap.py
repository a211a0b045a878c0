"""docs/rules/tap-to-earn.md: its programmes are applied, its table is worked out, its calls are made."""

import re
import shlex
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from loyalty.services import taps
from loyalty.services.tap_section import TapItem
from tests.loyalty.tap.conftest import tap
from tests.loyalty.test_loyalty_api import app_of

pytestmark = pytest.mark.django_db

PAGE = (Path(__file__).resolve().parents[3] / "docs/rules/tap-to-earn.md").read_text(encoding="utf-8")
DOCUMENT, ANSWERS = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def table(heading):
    """The cells of the rows of a table of the page."""
    lines = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


class TestTheProgrammes:
    def test_name_every_field(self):
        named = set(re.findall(r"`(\w+)`", "".join(f"{row[0]} " for row in table("field"))))

        assert named | {"key", "title"} == set(TapItem.__struct_encode_fields__)

    def test_are_applied(self, api):
        response = api.put("/programme", {"tapToEarn": msgspec.json.decode(DOCUMENT)})

        assert response.status_code == 200


class TestTheLimits:
    def test_are_those(self, time, ada, start, acme, monkeypatch):
        start(per_day=1)
        seen = {}
        limits = taps._Moment.limits
        monkeypatch.setattr(taps._Moment, "limits", lambda self: seen.setdefault("all", list(limits(self))))
        tap(ada, 1)

        assert [name for name, _ in seen["all"]] == [row[0].strip("`") for row in table("limit")]


class TestTheEnergy:
    def test_is_that_of_the_table(self, time, ada, start):
        start(energy=50, refill_seconds=10)
        begin = time.now

        for since, count, counted, left, wait in (map(int, row) for row in table("seconds since full")):
            time.passes(seconds=(begin + timedelta(seconds=since) - time.now).total_seconds())
            tapped = tap(ada, count)

            found = (tapped.taps, tapped.standing.energy, tapped.standing.next_in)
            assert found == (counted, left, timedelta(seconds=wait)), since


class TestTheCalls:
    def test_are_answered_as_it_says(self, api, ada):
        api.put("/programme", {"tapToEarn": msgspec.json.decode(DOCUMENT)[:1]})
        app = app_of(ada)
        body = shlex.split(PAGE.partition("-d ")[2].partition("\n")[0])[0]

        for answer, said in zip((app.get("/taps"), app.post("/taps", msgspec.json.decode(body))), told(), strict=True):
            assert holds(answer.json(), said)


def told():
    return [msgspec.json.decode(text) for text in re.split(r"\n(?={\"message)", ANSWERS)]


def holds(answer, said):
    """Whether an answer says at least what the page says."""
    if isinstance(said, dict):
        return all(holds(answer[name], value) for name, value in said.items())
    if isinstance(said, list):
        return len(answer) == len(said) and all(map(holds, answer, said))
    return answer == said
