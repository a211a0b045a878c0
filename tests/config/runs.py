"""A supervisor in a process of its own, and what the tests ask of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from config import runtime
from config.local import accounts
from config.local.accounts import Account
from config.local.valkey import free_port


class Run:
    """`make run` with small parts, on one data directory."""

    def __init__(self, data: Path, *, account: Account | None = None, wrapper: Sequence[str] = (), **env: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        # Both ports are asked for: the next one up is one that outgoing connections take theirs from.
        ports = {"PORT": str(free_port()), "SHOP_PORT": str(free_port())}
        as_whom, self.data = account or Account(), data
        self.process = subprocess.Popen(
            [*as_whom.prefix(signal.SIGTERM), *wrapper, sys.executable, "-m", "tests.config.small_run"],
            env=kept | {"LAUREL_DATA_DIR": str(data)} | ports | env,
            cwd=runtime.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
            **as_whom.identity(),
        )

    def until_welcome(self) -> "Run":
        assert self.process.stdout
        for line in self.process.stdout:
            if "Ctrl-C stops everything" in line:
                return self
        raise AssertionError(f"it did not start: {self.end()}")

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C, and wait for the end."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()

    def end(self) -> tuple[int, str]:
        """Wait for the end: the exit code, and what was said on the standard error."""
        _, complaint = self.process.communicate(timeout=60)
        return self.process.returncode, complaint

    def seen(self, key: str) -> Any:
        return json.loads((self.data / "demo.json").read_text())[key]

    def processes(self) -> set[int]:
        """Every process that was started for this data directory."""
        return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if self._is_ours(entry)}

    def leaves_nothing(self) -> bool:
        deadline = time.monotonic() + 15
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.processes()

    def _is_ours(self, entry: Path) -> bool:
        try:
            told = f"LAUREL_DATA_DIR={self.data}\0".encode() in (entry / "environ").read_bytes()
            return told or (entry / "cwd").readlink().is_relative_to(self.data)
        except OSError:  # it has ended, or is somebody else's
            return False


def is_one_sentence(complaint: str) -> bool:
    return complaint.startswith("laurel: ") and complaint.count("\n") == 1


def ordinary_user() -> Account:
    """Ourselves, unless we are root: then `nobody`, who can read this project and this Python."""
    needed = (runtime.ROOT, Path(sys.executable).resolve().parent)
    return max(map(accounts.choose, needed), key=lambda account: account.capability)
