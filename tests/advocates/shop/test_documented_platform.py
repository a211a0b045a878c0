"""docs/developers/platform.md says what happens: its commands are run, its answers compared."""

import re
from pathlib import Path

import pytest

from advocates.services.baskets import EDITED, LINES_DIFFER, TOTALS_DIFFER
from tests.advocates.test_tour import BETWEEN, BLOCK, documents, fits, run

PAGE = (Path(__file__).resolve().parents[3] / "docs/developers/platform.md").read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
def test_every_command_answers_what_the_page_says(live_server, api):
    blocks = BLOCK.findall(PAGE)
    script = "\n".join(text if kind == "sh" else f"echo '{BETWEEN}'" for kind, text in blocks)

    answered = [documents(text) for text in run(script, live_server.url, api).split(BETWEEN)]

    expected = [documents(text) for kind, text in blocks if kind == "json"]
    assert len(expected) == 8
    for wanted, got in zip([*expected, []], answered, strict=True):
        assert fits(wanted, got), f"the page says {wanted}, the server {got}"


def test_every_flag_is_told():
    assert set(re.findall(r"`(\w+_\w+)`", PAGE)) >= {EDITED, LINES_DIFFER, TOTALS_DIFFER}
