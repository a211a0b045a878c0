"""A real web server, as `make run` starts it, on the servers and the database of the test."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from config.local import parts
from config.local.options import Options
from config.local.valkey import free_port
from tests.workers import database_url, wait_until


@dataclass(frozen=True)
class WebServer:
    options: Options
    process: subprocess.Popen[bytes]

    def listens(self) -> bool:
        try:
            socket.create_connection((self.options.address, self.options.port), timeout=5).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.terminate()
        self.process.wait(30)


@contextmanager
def serving(data: Path, **env: str) -> Iterator[WebServer]:
    """A server that listens; its log is `web.log` among this data."""
    options = Options(data=data, host="127.0.0.1", port=free_port(), shop_port=free_port())
    (web,) = (part for part in parts.of(options) if part.name == "web")
    with (data / "web.log").open("wb") as log:
        process = subprocess.Popen(
            web.command,
            env=os.environ | {"DATABASE_URL": database_url()} | env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = WebServer(options, process)
    try:
        wait_until(server.listens, seconds=60, what="the server listens")
        yield server
        server.stop()
    finally:
        with suppress(ProcessLookupError):  # what a server left behind, or one that never listened
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
