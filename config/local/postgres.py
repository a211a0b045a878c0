"""A private PostgreSQL: made on the first start, reached through a socket that nobody else can open."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from config.local import binaries, processes
from config.local.accounts import Account
from config.local.problems import LocalProblem
from config.local.processes import Child

USER = DATABASE = "laurel"
PORT = 5432  # of the name of the socket; said aloud, since PGPORT may say otherwise
SETTINGS = {"port": str(PORT), "listen_addresses": "", "max_connections": "200", "timezone": "UTC"}
PATIENCE = 10.0  # seconds for a server that is still stopping
HASTE = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "2GB"}


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """Where one PostgreSQL lives: its programs, data, socket, log and user, and whether data must last."""

    programs: Path
    data: Path
    socket: Path
    log: Path
    account: Account
    durable: bool

    @property
    def url(self) -> str:
        return f"postgres://{USER}@/{DATABASE}?host={self.socket}&port={PORT}"

    def start(self) -> Child:
        """Start the server and make its database.

        :raises LocalProblem: if the data are not fit for it, or it does not start
        """
        if not self.data.exists():
            self._initialise()
        self._check_data()
        settings = SETTINGS | {"unix_socket_directories": str(self.socket)} | ({} if self.durable else HASTE)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        child = processes.spawn(
            "PostgreSQL",
            [self.programs / "postgres", "-D", self.data, *options],
            log=self.log,
            account=self.account,
            cwd=Path("/"),
            farewell=signal.SIGINT,  # "fast": sessions end, nothing is lost
        )
        try:
            self._make_database(child)
        except BaseException:
            processes.stop([child])
            raise
        return child

    def _initialise(self) -> None:
        draft = self.data.with_name("postgres.new")  # renamed once it is whole: no ruin is left
        shutil.rmtree(draft, ignore_errors=True)
        locale = ["--locale=C.UTF-8"]
        if binaries.postgres_major(self.programs) >= 17:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [
            *self.account.prefix(signal.SIGTERM),
            str(self.programs / "initdb"),
            f"--pgdata={self.account.own(draft)}",
            f"--username={USER}",
            "--auth=trust",
            "--encoding=UTF8",
            *locale,
            *([] if self.durable else ["--no-sync"]),
        ]
        with self.log.open("ab") as log:
            run = subprocess.run(command, cwd="/", stdout=log, stderr=log, check=False, **self.account.identity())
        if run.returncode:
            raise LocalProblem(f"PostgreSQL cannot make its data in {self.data}; see {self.log}.")
        draft.rename(self.data)

    def _check_data(self) -> None:
        self.account.own(self.data)
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise LocalProblem(f"{self.data} holds no PostgreSQL data: move it away and start again.") from error
        ours = str(binaries.postgres_major(self.programs))
        if found != ours:
            raise LocalProblem(
                f"{self.data} was made by PostgreSQL {found}, and this is PostgreSQL {ours}: "
                "move it away, or name another directory with LAUREL_DATA_DIR."
            )
        self._wait_for_predecessor()

    def _wait_for_predecessor(self) -> None:
        """Wait for a server that is still stopping; one that died without a word left only a stale file."""
        deadline = time.monotonic() + PATIENCE
        while (pid := self._predecessor()) is not None:
            if time.monotonic() > deadline:
                raise LocalProblem(f"PostgreSQL already runs on {self.data} as process {pid}: stop it first.")
            time.sleep(0.1)

    def _predecessor(self) -> int | None:
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, 0)
            return pid if "postgres" in Path(f"/proc/{pid}/cmdline").read_text() else None
        except (OSError, ValueError, IndexError):
            return None

    def _make_database(self, child: Child) -> None:
        with self._connect(child, patience=60) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not found.fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _connect(self, child: Child, *, patience: float) -> psycopg.Connection[TupleRow]:
        deadline = time.monotonic() + patience
        while child.is_running() and time.monotonic() < deadline:
            try:
                return psycopg.connect(host=str(self.socket), port=PORT, user=USER, dbname="postgres", autocommit=True)
            except psycopg.OperationalError:  # not yet listening, or still repairing after a crash
                time.sleep(0.02)
        raise LocalProblem(child.silence(patience) if child.is_running() else child.epitaph())
