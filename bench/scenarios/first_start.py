"""S12: `make run` on a bare clone, from nothing but Python and make: the install, then up to the first page."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.results import Figure, Results
from config import runtime
from config.local.valkey import free_port

PATIENCE = 600.0


def measure(results: Results) -> None:
    """Clone what is committed, and let pip find nothing that it knows from before."""
    with _clone() as clone, _run(clone) as (run, url):
        started = time.perf_counter()
        _wait(run, lambda: any((clone / ".venv").glob(".local-*")))
        installed = time.perf_counter()
        _wait(run, lambda: _answers(url))
        seen = time.perf_counter()
    results.figures += [
        Figure(
            scenario="S12",
            what="`make run` on a bare clone: install",
            value=installed - started,
            unit="s",
            goal=60,
            first_step=60,
        ),
        Figure(
            scenario="S12",
            what="`make run` on a bare clone: installed → first page",
            value=seen - installed,
            unit="s",
            goal=10,
            first_step=20,
        ),
    ]


@contextmanager
def _clone() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="laurel-bench-"))
    folder.chmod(0o711)
    clone = folder / "laurel"
    try:
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(runtime.ROOT), str(clone)], check=True)
        yield clone
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _run(clone: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    kept = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "MAKEFLAGS"}
    }
    env = kept | {"PORT": str(port), "SHOP_PORT": str(free_port()), "PIP_NO_CACHE_DIR": "1"}
    env |= {"LAUREL_DATA_DIR": str(clone / ".data")}
    with (clone.parent / "make.log").open("wb") as log:
        run = subprocess.Popen(["make", "run"], cwd=clone, env=env, stdout=log, stderr=log, process_group=0)
    try:
        yield run, f"http://127.0.0.1:{port}/"
    finally:
        os.killpg(run.pid, signal.SIGINT)
        run.wait(60)


def _wait(run: subprocess.Popen[bytes], until: Callable[[], bool]) -> None:
    """:raises RuntimeError: if the run ends first, or it takes too long"""
    deadline = time.monotonic() + PATIENCE
    while not until():
        if run.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("`make run` did not come so far")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=10) as page:
            return bool(page.status == 200)
    except OSError:
        return False
