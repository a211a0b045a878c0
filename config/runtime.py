"""Where a local run keeps its data, how other processes find the servers it started, and what all of them do.

Imports nothing of Django: it is read before the settings.
"""

import gc
import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """The directory of local data: `LAUREL_DATA_DIR`, or `.data` in the project."""
    return Path(os.environ.get("LAUREL_DATA_DIR") or ROOT / ".data").expanduser().absolute()


def state_file(data: Path) -> Path:
    """The file in which a running `make run` leaves its process id and environment."""
    return data / "runtime.json"


def load() -> None:
    """Take the environment of the running `make run`, unless this process was given a database."""
    if "DATABASE_URL" in os.environ:
        return
    try:
        state: dict[str, Any] = json.loads(state_file(data_dir()).read_text())
    except OSError:
        return
    if _is_running(state["pid"]):
        for name, value in state["env"].items():
            os.environ.setdefault(name, value)


def settle() -> None:
    """Say that what is loaded by now stays, so that the garbage collector leaves it alone.

    It would look through all of it again and again: a fifth of a second each time, in which every request waits, and
    up to a third of what Python does for a batch. By default it looks after 700 objects, which is several times in a
    request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, under another user
        return True
    return True
