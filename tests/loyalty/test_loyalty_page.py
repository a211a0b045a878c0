"""docs/developers/loyalty-api.md says what happens: its commands are run, its answers compared."""

from pathlib import Path

import pytest

from loyalty.services import tokens
from tests.advocates import test_tour as tours

TEXT = (Path(__file__).resolve().parents[2] / "docs/developers/loyalty-api.md").read_text(encoding="utf-8")


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
