"""docs/developers/referrals.md says what happens: its commands are run, its answers and its tables compared."""

import re
from pathlib import Path

import pytest

from referrals.services import risk
from tests.advocates.test_tour import BETWEEN, BLOCK, documents, fits, run

PAGE = Path(__file__).resolve().parents[2] / "docs/developers/referrals.md"


@pytest.mark.django_db(transaction=True)
def test_every_command_answers_what_the_page_says(live_server, api):
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    script = "\n".join(text if kind == "sh" else f"echo '{BETWEEN}'" for kind, text in blocks)

    answered = [documents(text) for text in run(script, live_server.url, api).split(BETWEEN)]

    expected = [documents(text) for kind, text in blocks if kind == "json"]
    assert len(expected) == 6
    for wanted, got in zip([*expected, []], answered, strict=True):
        assert fits(wanted, got), f"the page says {wanted}, the server {got}"


def test_the_table_of_reasons_is_whole():
    rows = re.findall(r"^\| `([a-z_]+)` \| (?:held|rejected) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert rows == list(risk.REASONS)
