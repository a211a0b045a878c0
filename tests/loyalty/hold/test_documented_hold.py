"""docs/rules/hold-to-earn.md: its programmes are applied, its tables worked out, its call made."""

import re
import shlex
from pathlib import Path

import msgspec
import pytest

from loyalty.models import HoldAccrual, HoldFeed, HoldProgramme
from loyalty.services import ledger, revenue
from loyalty.services.hold_rules import Pool, Revenue
from loyalty.services.hold_section import HoldItem
from tests.loyalty.hold.conftest import minute_passes

pytestmark = pytest.mark.django_db

PAGE = (Path(__file__).resolve().parents[3] / "docs/rules/hold-to-earn.md").read_text(encoding="utf-8")


def table(heading):
    """The cells of the rows of a table of the page."""
    lines = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


MINUTES = [([*map(int, stakes.split(","))], [*map(int, parts.split(","))]) for stakes, parts, _ in table("stakes")]


class TestTheProgrammes:
    def test_name_every_field(self):
        named = set(re.findall(r"`(\w+)`", "".join(f"{row[0]} " for row in table("field"))))

        assert named | {"key", "title"} == set(HoldItem.__struct_encode_fields__)

    def test_are_applied(self, api):
        (document,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)

        response = api.put("/programme", {"holdToEarn": msgspec.json.decode(document)})

        assert response.status_code == 200

    def test_to_begin_with_are_those(self, acme):
        named = re.search(r"four programmes, paused: (.*?)\. ", PAGE, re.DOTALL)[1]

        rows = HoldProgramme.objects.for_business(acme)
        assert set(re.findall(r"`([\w-]+)`", named)) == set(rows.values_list("key", flat=True))


class TestAMinute:
    @pytest.mark.parametrize(("stakes", "parts"), MINUTES, ids=str)
    def test_gives_the_parts_of_the_table(self, time, acme, start, holder, stakes, parts):
        people = sorted((holder(0) for _ in stakes), key=lambda one: one.pk)
        for one, stake in zip(people, stakes, strict=True):
            if stake:
                ledger.award(business=acme, account_id=one.pk, amount=stake)
        start(per_day=1)

        minute_passes(time)

        found = dict(HoldAccrual.objects.for_business(acme).values_list("account_id", "parts"))
        assert [found.get(one.pk, 0) for one in people] == parts


class TestRevenue:
    def test_is_reported_as_it_says(self, integration_api):
        body = shlex.split(PAGE.partition("-d ")[2].partition("```")[0])[0]

        response = integration_api.post("/revenue", msgspec.json.decode(body))

        assert (response.status_code, response.content) == (200, b"")

    def test_brings_the_points_of_the_table(self, time, acme, start):
        programme = start(pool=Pool(revenue=Revenue(points=2, per="1.00")))
        for number, (money, points, rest) in enumerate(table("revenue, at 2 points for each 1.00")):
            minor = round(float(money) * 100)
            revenue.report(business=acme, request_id=f"r-{number}", minor=minor, currency="EUR", day=time.now.date())
            programme.refresh_from_db()
            fed = HoldFeed.objects.for_business(acme).filter(report__request_id=f"r-{number}").first()
            assert (fed.points if fed else 0, programme.unfed) == (int(points), round(float(rest) * 100)), money
