"""docs/developers/loyalty-api.md says what happens: commands are run, answers compared, conditions tried."""

import json
import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from loyalty.services import quests, tokens
from loyalty.services.quest_rules import Condition, Notification, Operator, Rules, TaskRules
from tests.advocates import test_tour as tours

TEXT = (Path(__file__).resolve().parents[2] / "docs/developers/loyalty-api.md").read_text(encoding="utf-8")
CONDITIONS = re.findall(
    r"^\| `([a-z_<>=]+)` \| (?:`(.*?)`)? ?\| (.*?) \| (.*?) \|$", TEXT.partition("| met by |")[2], re.MULTILINE
)


@pytest.mark.django_db(transaction=True)
def test_every_command_answers_what_the_page_says(live_server, api, acme, ada):
    blocks = tours.BLOCK.findall(TEXT)
    known = f"TOKEN={tokens.issue(business=acme, account_id=ada.pk)}\nADVOCATE={ada.pk}"
    script = "\n".join([known, *(text if kind == "sh" else f"echo '{tours.BETWEEN}'" for kind, text in blocks)])

    answered = [tours.documents(text) for text in tours.run(script, live_server.url, api).split(tours.BETWEEN)]

    expected = [tours.documents(text) for kind, text in blocks if kind == "json"]
    assert len(expected) == 6
    for wanted, got in zip([*expected, []], answered, strict=True):
        assert tours.fits(wanted, got), f"the page says {wanted}, the server {got}"


class TestConditions:
    def test_are_all_on_the_page(self):
        assert [operator for operator, *_ in CONDITIONS] == list(get_args(Operator))

    @pytest.mark.parametrize(("operator", "value", "met", "unmet"), CONDITIONS)
    def test_are_met_by_what_the_page_says(self, acme, api, ada, operator, value, met, unmet):
        condition = Condition(field="said", operator=operator, value=json.loads(value or "null"))
        step = TaskRules(title="Speak", type="event", trigger="spoke", conditions=[condition])
        quests.create(business=acme, title="Speak", rules=Rules(tasks=[step]))

        def reasons(cell):
            for data in ({"said": json.loads(text)} if text else {} for text in re.findall(r"`(.+?)`|nothing", cell)):
                trial = api.post("/events/dry-run", {"advocateId": str(ada.pk), "event": "spoke", "data": data})
                yield trial.json()["tasks"][0]["reason"]

        assert set(reasons(met)) == {None}
        assert set(reasons(unmet)) == {"condition:said"}


def test_the_page_names_every_way_to_be_shown():
    (ways,) = re.findall(r"by `display` how it wants to be shown: (.*?);", TEXT)

    assert tuple(re.findall(r"`(\w+)`", ways)) == get_args(get_type_hints(Notification)["display"])
