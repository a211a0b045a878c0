"""A private Valkey (or Redis) on a free port of the loopback, behind a password."""

import secrets
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from config.local import processes
from config.local.accounts import Account
from config.local.problems import LocalProblem
from config.local.processes import Child


def free_port() -> int:
    """A port of the loopback that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(frozen=True, kw_only=True)
class Valkey:
    """Where one Valkey lives: its program, data and log, its user, and whether data must last."""

    program: Path
    data: Path
    log: Path
    account: Account
    durable: bool
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=secrets.token_hex)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> Child:
        """Start the server.

        :raises LocalProblem: if it does not start
        """
        child = processes.spawn(
            "Valkey",
            [self.program, "-"],  # its configuration comes by a pipe: arguments are for everybody to read
            log=self.log,
            account=self.account,
            cwd=self.account.own(self.data),
            stdin=self._configuration(),
        )
        try:
            self._wait(child)
        except BaseException:
            processes.stop([child])
            raise
        return child

    def _configuration(self) -> bytes:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            "databases 64",
            "maxmemory-policy noeviction",
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
        ]
        return "\n".join(lines).encode()

    def _wait(self, child: Child, *, patience: float = 30) -> None:
        deadline = time.monotonic() + patience
        with redis.Redis.from_url(self.url) as client:
            while child.is_running() and time.monotonic() < deadline:
                try:
                    client.ping()
                    return
                except redis.RedisError:  # not yet listening, or still reading its data
                    time.sleep(0.01)
        raise LocalProblem(child.silence(patience) if child.is_running() else child.epitaph())
