"""A throw-away Laurel with its own servers, and the peers beside it, all on loopback ports of their own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from config import runtime
from config.local import environment, parts, processes, servers
from config.local.options import Options
from config.local.parts import Part
from config.local.processes import Child
from config.local.valkey import free_port

PEERS = "peers"
SCHEMA = Path(__file__).parent / "peers" / "schema.sql"


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """For whom the bench acts, and on whom."""

    business: UUID
    key: str
    integration_key: str
    accounts: list[UUID]
    names: list[str]  # the external ids of the accounts, in their order
    tokens: list[str]  # of the accounts, in their order


@dataclass
class World:
    """What runs, and how to reach it."""

    options: Options
    servers: servers.Servers
    env: dict[str, str]
    children: list[Child] = field(default_factory=list)

    def run(self, *arguments: str) -> bytes:
        """Run Python in this world to its end, and answer what it prints."""
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=self.env, cwd=runtime.ROOT, check=True, capture_output=True).stdout

    def start(self, name: str, command: Sequence[str | Path], **env: str) -> Child:
        """Start a program, which ends with the bench."""
        log = self.options.logs / f"{name}.log"
        child = processes.spawn(name, command, log=log, env=self.env | env, cwd=runtime.ROOT)
        self.children.append(child)
        return child

    def part(self, name: str) -> Part:
        """A part of `make run`, with its own command."""
        return next(part for part in parts.of(self.options) if part.name == name)

    def database_url(self, database: str) -> str:
        return self.env["DATABASE_URL"].replace("@/laurel?", f"@/{database}?")

    def connect(self, database: str = "laurel") -> psycopg.Connection[TupleRow]:
        return psycopg.connect(make_conninfo("", **self.connection_to(database)), autocommit=True)

    @property
    def postgres_pid(self) -> int:
        return next(child.process.pid for child in self.servers.children if child.name == "PostgreSQL")

    def postgres_version(self) -> str:
        with self.connect() as connection:
            return f"{connection.info.server_version // 10_000}"

    def connection_to(self, database: str = "laurel") -> dict[str, str]:
        """How a client that takes no URL with a socket is told of a database."""
        url = urlsplit(self.database_url(database))
        return {"user": str(url.username), "dbname": database, "host": parse_qs(url.query)["host"][0]}


@contextmanager
def open_world() -> Iterator[World]:
    """Start the servers and migrate; stop and remove everything in the end."""
    data = Path(tempfile.mkdtemp(prefix="laurel-bench-"))
    data.chmod(0o711 if os.getuid() == 0 else 0o700)  # root's servers are another user, and must pass
    servers.prepare(data)
    options = Options(data=data, host="127.0.0.1", port=free_port(), shop_port=free_port())
    database = servers.Servers(data, durable=True)
    world = World(options, database, env={})
    try:
        database.start()
        world.env = {**os.environ, **environment.build(options, database.env), "PYTHONUNBUFFERED": "1"}
        world.run("manage.py", "migrate", "--no-input")
        yield world
    finally:
        processes.stop(world.children)
        database.stop()
        shutil.rmtree(data, ignore_errors=True)


def populate(world: World, people: int = 1_000) -> Cast:
    """A business in Laurel, and the same keys and people in the peers' tables."""
    cast = msgspec.json.decode(world.run("-m", "bench.populate", str(people)), type=Cast)
    with world.connect() as connection:
        connection.execute(f"CREATE DATABASE {PEERS}")
    with world.connect(PEERS) as connection:
        connection.execute(SCHEMA.read_text())
        key = sha256(cast.key.encode()).digest()
        connection.execute("INSERT INTO peer_key VALUES (%s, %s)", [key, cast.business])
        for table in ("peer_account (id, business_id)", "peer_balance (account_id, business_id)"):
            connection.execute(f"INSERT INTO {table} SELECT unnest(%s), %s", [cast.accounts, cast.business])
    return cast


def wait_for(child: Child, port: int, *, patience: float = 30) -> None:
    """Wait until a child listens.

    :raises RuntimeError: if it ends first, or does not within `patience` seconds
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and child.is_running():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(child.silence(patience) if child.is_running() else child.epitaph())
