"""The commands of docs/developers/quickstart.md, and the answers that it promises."""

import re
import subprocess

from config.local.valkey import free_port
from tests.advocates import test_tour as tours
from tests.loop.clone import Clone

PAGE = "docs/developers/quickstart.md"
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BETWEEN = "---- next ----"


def paste(clone: Clone) -> None:
    """Run every command of the page in one shell, and compare what it answers."""
    blocks = BLOCK.findall((clone.root / PAGE).read_text())
    script = "\n".join(text if kind == "sh" else f"echo '{BETWEEN}'" for kind, text in blocks)

    answered = [tours.documents(text) for text in _run(script, clone).split(BETWEEN)]

    expected = [tours.documents(text) for kind, text in blocks if kind == "json"]
    assert len(expected) == 5
    for wanted, got in zip([*expected, []], answered, strict=True):
        assert tours.fits(wanted, got), f"the page says {wanted}, the server {got}"


def _run(script: str, clone: Clone) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{script}"],
        cwd=clone.root,
        env=clone.env | {"LAUREL": clone.url, "RECEIVER_PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
