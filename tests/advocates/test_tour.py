"""docs/developers/advocates-api.md says what happens: its commands are run, its answers compared."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs/developers/advocates-api.md"
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BETWEEN = "---- next ----"


@pytest.mark.django_db(transaction=True)
def test_every_command_answers_what_the_page_says(live_server, api):
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    script = "\n".join(text if kind == "sh" else f"echo '{BETWEEN}'" for kind, text in blocks)

    answered = [documents(text) for text in run(script, live_server.url, api).split(BETWEEN)]

    expected = [documents(text) for kind, text in blocks if kind == "json"]
    assert len(expected) >= 9
    for wanted, got in zip([*expected, []], answered, strict=True):
        assert fits(wanted, got), f"the page says {wanted}, the server {got}"


def run(script, address, api, **more):
    key = api.headers["Authorization"].removeprefix("Bearer ")
    environment = {"PATH": os.environ["PATH"], "LAUREL": address, "KEY": key, **more}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def documents(text):
    """Every JSON document of a text, whatever stands between them."""
    found, decoder, text = [], json.JSONDecoder(), text.strip()
    while text:
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:].strip()
    return found


def fits(wanted, got):
    """All that is wanted is there; "…" stands for any text."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return all(key in got and fits(value, got[key]) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(fits, wanted, got))
    return wanted == got or (wanted == "…" and isinstance(got, str))


@pytest.mark.parametrize(("wanted", "got"), [({"a": 1}, {"a": 2}), ({"a": 1}, {}), ([1], [1, 2]), ("…", None)])
def test_what_does_not_fit_is_seen(wanted, got):
    assert not fits(wanted, got)
