"""Both servers together, for a run that keeps its data or for tests that throw them away."""

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from config.local import accounts, binaries, processes
from config.local.accounts import Account
from config.local.binaries import Binaries
from config.local.postgres import Postgres
from config.local.problems import LocalProblem
from config.local.processes import Child
from config.local.valkey import Valkey


def prepare(data: Path) -> None:
    """Make the data directory with its `logs`.

    :raises LocalProblem: if it is a file, or cannot be made or written
    """
    try:
        if not data.exists():
            data.mkdir(parents=True)
            data.chmod(0o711 if os.getuid() == 0 else 0o700)  # root's servers are another user, and must pass
        (data / "logs").mkdir(mode=0o700, exist_ok=True)
        tempfile.TemporaryFile(dir=data).close()
    except (FileExistsError, NotADirectoryError) as error:
        raise LocalProblem(f"{data} is not a directory: LAUREL_DATA_DIR must name one.") from error
    except OSError as error:
        raise LocalProblem(
            f"Cannot write to {data} ({error.strerror}): name another directory with LAUREL_DATA_DIR."
        ) from error


class Servers:
    """PostgreSQL and Valkey under one data directory; what `given` already names is not started."""

    def __init__(
        self,
        data: Path,
        *,
        durable: bool,
        programs: Binaries | None = None,
        given: Mapping[str, str] | None = None,
    ) -> None:
        self.data, self.durable, self.programs = data, durable, programs
        self.env = {name: url for name in ("DATABASE_URL", "REDIS_URL") if (url := (given or {}).get(name))}
        self.children: list[Child] = []
        self.postgres: Postgres | None = None  # where it was not given
        self._note = data / "scratch"

    def start(self) -> None:
        """Start what is not given, and fill `env` with the addresses.

        :raises LocalProblem: if a server does not start
        """
        if len(self.env) == 2:
            return
        account = accounts.choose(self.data)
        scratch = self._make_scratch(account)
        programs = (self.programs or binaries.find()).within_reach(account, scratch)
        logs = self.data / "logs"
        if "DATABASE_URL" not in self.env:
            postgres = self.postgres = Postgres(
                programs=programs.postgres,
                data=self.data / "postgres",
                socket=_socket_folder(scratch, account),
                log=logs / "postgres.log",
                account=account,
                durable=self.durable,
            )
            self.children.append(postgres.start())
            self.env["DATABASE_URL"] = postgres.url
        if "REDIS_URL" not in self.env:
            valkey = Valkey(
                program=programs.valkey,
                data=self.data / "valkey",
                log=logs / "valkey.log",
                account=account,
                durable=self.durable,
            )
            self.children.append(valkey.start())
            self.env["REDIS_URL"] = valkey.url

    def stop(self) -> None:
        """Stop what was started, and leave nothing in the system's temporary directory."""
        processes.stop(self.children)
        self.children.clear()
        self._remove_scratch()

    def _make_scratch(self, account: Account) -> Path:
        """A short private folder: the path of a socket has room for 107 characters."""
        self._remove_scratch()  # of a run that was killed
        scratch = Path(tempfile.mkdtemp(prefix="laurel-"))
        if len(str(scratch)) > 80:
            scratch.rmdir()
            scratch = Path(tempfile.mkdtemp(prefix="laurel-", dir="/tmp"))
        if account.user:
            scratch.chmod(0o711)
        self._note.write_text(str(scratch))
        return scratch

    def _remove_scratch(self) -> None:
        try:
            scratch = Path(self._note.read_text())
            if scratch.name.startswith("laurel-") and stat.S_ISDIR(scratch.lstat().st_mode):
                shutil.rmtree(scratch)
            self._note.unlink()
        except FileNotFoundError:
            pass


def _socket_folder(scratch: Path, account: Account) -> Path:
    """The folder of the socket, closed to all but the server and us."""
    lobby = scratch / "lobby"
    lobby.mkdir()
    # Who could connect to a server that may enter any folder could read any file: only root may pass here.
    lobby.chmod(0o700 if account.capability or not account.user else 0o711)
    return account.own(lobby / "socket")
