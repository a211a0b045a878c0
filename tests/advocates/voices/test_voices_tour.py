"""docs/developers/voices.md says what happens: its commands are run, its answers compared."""

from pathlib import Path

import pytest

from advocates.models import Testimonial as Said  # its own name looks like a test's
from advocates.services.kinds.questions import KINDS
from tests.advocates.test_tour import BETWEEN, BLOCK, documents, fits, run

PAGE = (Path(__file__).resolve().parents[3] / "docs/developers/voices.md").read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
def test_every_command_answers_what_the_page_says(live_server, api):
    blocks = BLOCK.findall(PAGE)
    script = "\n".join(text if kind == "sh" else f"echo '{BETWEEN}'" for kind, text in blocks)

    answered = [documents(text) for text in run(script, live_server.url, api).split(BETWEEN)]

    expected = [documents(text) for kind, text in blocks if kind == "json"]
    assert len(expected) == 5
    for wanted, got in zip([*expected, []], answered, strict=True):
        assert fits(wanted, got), f"the page says {wanted}, the server {got}"


def test_the_table_of_kinds_has_every_kind():
    assert all(f"\n| `{kind}` |" in PAGE for kind in KINDS)


def test_the_table_of_steps_has_every_step():
    for status, wanted in Said.MOVES.items():
        steps = ", ".join(f"`{each}`" for each in wanted) or "nothing"
        assert f"\n| `{status}` | {steps}" in PAGE
