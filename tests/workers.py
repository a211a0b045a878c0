"""Real Celery workers, in processes of their own, on the servers and the database of the test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

TASKS = "tests.tasks"


def database_url() -> str:
    """The test's own database, for another process."""
    server, _, options = os.environ["DATABASE_URL"].partition("?")
    return f"{server.rpartition('/')[0]}/{connection.settings_dict['NAME']}?{options}"


def start(queues: str, log: Path, *, processes: int = 2, **env: str) -> subprocess.Popen[bytes]:
    """A worker of these queues that forks, as in production. Its first words mean that it works."""
    command = [sys.executable, "-m", "celery", "--app=config", "worker", f"--queues={queues}", f"--include={TASKS}"]
    quietly = [f"--concurrency={processes}", "--without-gossip", "--without-mingle", "--loglevel=INFO"]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*command, *quietly, f"--hostname={log.stem}@localhost"],
            env=os.environ | {"DATABASE_URL": database_url()} | env,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


@contextmanager
def running(queues: str, log: Path, *, processes: int = 2, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    worker = start(queues, log, processes=processes, **env)
    try:
        wait_until(lambda: b"ready." in log.read_bytes(), seconds=60, what="the worker is ready")
        yield worker
    finally:
        kill(worker)


def kill(worker: subprocess.Popen[bytes]) -> None:
    """With its children, and without a chance to clean up."""
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def wait_until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.05)
