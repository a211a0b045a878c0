"""A clean clone of this project, and `make run` in it, as a newcomer has them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config import runtime
from config.local.servers import Servers
from config.local.valkey import free_port

KEPT = ("PATH", "HOME", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")  # and what pip and proxies need
READY = "Ctrl-C stops everything"


@dataclass
class Clone:
    """`folder` holds the checkout and its data."""

    folder: Path
    port: int = field(default_factory=free_port)
    shop_port: int = field(default_factory=free_port)

    @property
    def root(self) -> Path:
        return self.folder / "laurel"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def shop_url(self) -> str:
        return f"http://127.0.0.1:{self.shop_port}"

    @property
    def env(self) -> dict[str, str]:
        """A shell's environment: nothing of the tests' own servers is in it."""
        kept = {name: value for name, value in os.environ.items() if name in KEPT or _is_for_downloads(name)}
        ports = {"PORT": str(self.port), "SHOP_PORT": str(self.shop_port)}
        return kept | ports | {"LAUREL_DATA_DIR": str(self.data)}

    def demo(self) -> dict[str, str]:
        papers: dict[str, str] = json.loads((self.data / "demo.json").read_text())
        return papers

    def manage(self, *arguments: str) -> str:
        """Call manage.py in another terminal."""
        command = [f"{self.root}/.venv/bin/python", "manage.py", *arguments]
        return subprocess.check_output(command, cwd=self.root, env=self.env, text=True, timeout=60)

    def processes(self) -> dict[int, str]:
        """Whatever runs for this clone, by process id."""
        return {int(entry.name): _command(entry) for entry in Path("/proc").glob("[0-9]*") if self._is_ours(entry)}

    def _is_ours(self, entry: Path) -> bool:
        try:
            told = f"LAUREL_DATA_DIR={self.data}\0".encode() in (entry / "environ").read_bytes()
            return told or (entry / "cwd").readlink().is_relative_to(self.folder)
        except OSError:  # it has ended, or is somebody else's
            return False


class MakeRun:
    """`make run` in a terminal of its own."""

    def __init__(self, clone: Clone) -> None:
        self.clone, self.log = clone, clone.folder / "terminal.txt"
        self._began = time.monotonic()
        with self.log.open("w") as terminal:
            self._process = subprocess.Popen(
                ["make", "run", f"PYTHON={sys.executable}"],
                cwd=clone.root,
                env=clone.env,
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def until_ready(self, *, seconds: float) -> float:
        """Wait for the welcome. Answers how long it took."""
        while READY not in self.log.read_text():
            assert self._process.poll() is None, "make run has ended"
            assert time.monotonic() - self._began < seconds, f"make run was not ready in {seconds} seconds"
            time.sleep(0.1)
        return time.monotonic() - self._began

    def interrupt(self, *, seconds: float = 30) -> None:
        """Press Ctrl-C, and wait until nothing is left."""
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(seconds)
        deadline = time.monotonic() + seconds
        while left := self.clone.processes():
            assert time.monotonic() < deadline, f"still there: {left}"
            time.sleep(0.1)

    def kill(self) -> None:
        """Leave nothing behind, whatever state it is in; the parts die with their supervisor."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def clean_clone() -> Iterator[Clone]:
    """A clone in a directory that every user can enter, gone at the end. If something fails, its logs are printed."""
    folder = Path(tempfile.mkdtemp(prefix="laurel-clone-"))
    folder.chmod(0o755)
    clone = Clone(folder)
    try:
        subprocess.run(["git", "clone", "--quiet", runtime.ROOT, clone.root], check=True, timeout=60)
        yield clone
    except BaseException:
        _print_logs(clone)
        raise
    finally:
        if clone.data.is_dir():
            Servers(clone.data, durable=True).stop()  # sweeps up after a run that was killed
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def make_run(clone: Clone) -> Iterator[MakeRun]:
    run = MakeRun(clone)
    try:
        yield run
    finally:
        run.kill()


def _is_for_downloads(name: str) -> bool:
    return name.startswith("PIP_") or name.lower().endswith("_proxy")


def _command(entry: Path) -> str:
    return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def _print_logs(clone: Clone) -> None:
    for log in [clone.folder / "terminal.txt", *sorted((clone.data / "logs").glob("*.log"))]:
        if log.exists():
            lines: list[Any] = log.read_text(errors="replace").splitlines()[-25:]
            print(f"--- {log.name}", *lines, sep="\n")  # noqa: T201  # pytest shows it beside the failure
