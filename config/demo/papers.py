"""`demo.json` in the data directory: where the demo is, and the secrets that open it. Nobody else may read it."""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings

Papers = dict[str, Any]


def path() -> Path:
    return Path(settings.DATA_DIR) / "demo.json"


def read() -> Papers | None:
    """The papers, unless they are lost."""
    try:
        papers: Papers = json.loads(path().read_text())
    except (OSError, ValueError):
        return None
    return papers


def write(papers: Papers) -> None:
    """Replace the file at once."""
    path().parent.mkdir(parents=True, exist_ok=True)
    draft = path().with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(papers, file, indent=2)
    draft.replace(path())
