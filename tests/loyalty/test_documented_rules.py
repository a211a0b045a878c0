"""docs/developers/earn-rules.md: its rules are applied, its call is made, its answer compared."""

import re
from pathlib import Path

import msgspec

from loyalty.services.earn_section import SECTION, RuleItem

PAGE = (Path(__file__).resolve().parents[2] / "docs/developers/earn-rules.md").read_text(encoding="utf-8")
DOCUMENT, ANSWER = (msgspec.json.decode(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))


class TestThePage:
    def test_names_every_field_of_a_rule(self):
        named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))))

        assert named | {"key", "title"} == set(RuleItem.__struct_encode_fields__)

    def test_has_rules_that_mean_something(self):
        assert list(SECTION.check(msgspec.convert(DOCUMENT, SECTION.shape), {})) == []

    def test_answers_as_it_says(self, acme, api, ada):
        SECTION.apply(acme, msgspec.convert(DOCUMENT, SECTION.shape))
        body = re.search(r"-d \'\n  (\{.*\})\'", PAGE).group(1).replace("'$ADVOCATE'", str(ada.pk))

        rules = api.post("/events/dry-run", msgspec.json.decode(body)).json()["rules"]

        assert [rule | {"ruleId": "…"} for rule in rules] == ANSWER
