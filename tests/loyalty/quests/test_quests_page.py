"""docs/developers/quests.md says what happens: its commands are run, its answers compared, its tables complete."""

import re
from pathlib import Path

import pytest

from loyalty.services.kinds.tasks import KINDS
from tests.advocates import test_tour as tours

TEXT = (Path(__file__).resolve().parents[3] / "docs/developers/quests.md").read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
def test_every_command_answers_what_the_page_says(live_server, api, integration_api):
    blocks = tours.BLOCK.findall(TEXT)
    known = f"IKEY={integration_api.headers['X-API-KEY']}"
    script = "\n".join([known, *(text if kind == "sh" else f"echo '{tours.BETWEEN}'" for kind, text in blocks)])

    answered = [tours.documents(text) for text in tours.run(script, live_server.url, api).split(tours.BETWEEN)]

    expected = [tours.documents(text) for kind, text in blocks if kind == "json"]
    assert len(expected) == 10
    for wanted, got in zip([*expected, []], answered, strict=True):
        assert tours.fits(wanted, got), f"the page says {wanted}, the server {got}"


def test_the_table_of_types_is_what_the_kinds_are():
    rows = re.findall(r"^\| `(\w+)` \| .* \| (yes|no) \| (nothing|events) \|$", TEXT, re.MULTILINE)

    assert {type: by_call == "yes" for type, by_call, _ in rows} == {
        type: kind.BY_CALL for type, kind in KINDS.items()
    }
