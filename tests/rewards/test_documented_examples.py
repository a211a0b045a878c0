"""docs/developers/rewards.md says what happens: its commands are run, its answers compared."""

from pathlib import Path

import pytest

from rewards.services import gift_products, kinds
from tests.advocates.test_tour import BETWEEN, BLOCK, documents, fits, run
from tests.rewards.gifts.conftest import fund

PAGE = (Path(__file__).resolve().parents[2] / "docs/developers/rewards.md").read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
def test_every_command_answers_what_the_page_says(live_server, acme, api):
    gift_products.load_starters(business=acme)
    fund(acme, 100_00)
    blocks = BLOCK.findall(PAGE)
    script = "\n".join(text if kind == "sh" else f"echo '{BETWEEN}'" for kind, text in blocks)

    answered = [documents(text) for text in run(script, live_server.url, api).split(BETWEEN)]

    expected = [documents(text) for kind, text in blocks if kind == "json"]
    assert len(expected) == 6
    for wanted, got in zip([*expected, []], answered, strict=True):
        assert fits(wanted, got), f"the page says {wanted}, the server {got}"


@pytest.mark.parametrize("type", kinds.KINDS)
def test_every_type_has_its_row(type):
    assert f"\n| `{type}` | " in PAGE
