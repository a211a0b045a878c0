"""docs/developers/gift-cards.md says what happens: its commands are run, its answers compared."""

from pathlib import Path

import pytest

from rewards.services import gift_accounts, gift_products
from tests.advocates.test_tour import BETWEEN, BLOCK, documents, fits, run
from tests.rewards.gifts.conftest import fund

PAGE = (Path(__file__).resolve().parents[3] / "docs/developers/gift-cards.md").read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
def test_every_command_answers_what_the_page_says(live_server, acme, api):
    gift_products.load_starters(business=acme)
    fund(acme, 100_00)
    account, text = gift_accounts.open_account(business=acme, email="gifts@acme.example")
    blocks = BLOCK.findall(PAGE)
    script = "\n".join(text if kind == "sh" else f"echo '{BETWEEN}'" for kind, text in blocks)

    told = run(script, live_server.url, api, GIFT_EMAIL=account.email, GIFT_ACCESS_TOKEN=text)
    answered = [documents(text) for text in told.split(BETWEEN)]

    expected = [documents(text) for kind, text in blocks if kind == "json"]
    assert len(expected) == 6
    for wanted, got in zip([*expected, []], answered, strict=True):
        assert fits(wanted, got), f"the page says {wanted}, the server {got}"
