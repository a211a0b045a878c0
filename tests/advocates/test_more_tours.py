"""Other pages of docs/developers whose commands are run, and their answers compared."""

import pytest

from tests.advocates.test_tour import BETWEEN, BLOCK, PAGE, documents, fits, run

PAGES = ["programme", "batches", "inventory", "integration"]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.django_db(transaction=True)
def test_every_command_answers_what_the_page_says(live_server, api, integration_api, name):
    blocks = BLOCK.findall((PAGE.parent / f"{name}.md").read_text(encoding="utf-8"))
    script = "\n".join(text if kind == "sh" else f"echo '{BETWEEN}'" for kind, text in blocks)

    more = {"INTEGRATION_KEY": integration_api.headers["X-API-KEY"]}
    answered = [documents(text) for text in run(script, live_server.url, api, **more).split(BETWEEN)]

    expected = [documents(text) for kind, text in blocks if kind == "json"]
    assert len(expected) >= 3
    for wanted, got in zip([*expected, []], answered, strict=True):
        assert fits(wanted, got), f"the page says {wanted}, the server {got}"
