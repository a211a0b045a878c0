"""As whom the servers run. PostgreSQL refuses root, so root runs them as `nobody`."""

import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from config.local.problems import LocalProblem

# What lets a user enter any folder. Containers often keep the second only.
CAPABILITIES = ("dac_read_search", "dac_override")


class Identity(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """The user that a server runs as: our own, or another one, perhaps with one capability of root."""

    user: pwd.struct_passwd | None = None
    capability: str = ""

    def prefix(self, farewell: signal.Signals) -> list[str]:
        """The command to put before the server's own."""
        if not (self.user and self.capability):
            return []
        # setpriv forgets the signal of the parent's death when it changes the user, so it sets it anew.
        return [
            "setpriv",
            f"--reuid={self.user.pw_uid}",
            f"--regid={self.user.pw_gid}",
            "--clear-groups",
            f"--inh-caps=+{self.capability}",
            f"--ambient-caps=+{self.capability}",
            f"--pdeathsig={farewell.name.removeprefix('SIG')}",
        ]

    def identity(self) -> Identity:
        """The arguments for `subprocess` that change the user without a prefix."""
        if self.user is None or self.capability:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def own(self, folder: Path) -> Path:
        """Make a private folder that belongs to this user.

        :raises LocalProblem: if it is there and belongs to somebody else
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.user and not any(folder.iterdir()):
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        owner, expected = folder.stat().st_uid, self.user.pw_uid if self.user else os.getuid()
        if owner != expected:
            raise LocalProblem(
                f"{folder} belongs to the user {_name(owner)}: run as the user who made it, "
                "or name another directory with LAUREL_DATA_DIR."
            )
        return folder

    def can_enter(self, folder: Path) -> bool:
        """Whether this user can enter the folder."""
        command = [*self.prefix(signal.SIGTERM), "sh", "-c", 'cd "$1"', "sh", str(folder)]
        run = subprocess.run(command, cwd="/", capture_output=True, check=False, **self.identity())
        return run.returncode == 0


def choose(data: Path) -> Account:
    """Find a user who may run the servers and can enter the directory of their data.

    :raises LocalProblem: if we are root and no such user can
    """
    if os.getuid() != 0:
        return Account()
    nobody = Account(pwd.getpwnam("nobody"))
    privileged = [replace(nobody, capability=name) for name in CAPABILITIES]
    for account in (nobody, *(privileged if shutil.which("setpriv") else [])):
        if account.can_enter(data):
            return account
    raise LocalProblem(
        f"The servers run as the user 'nobody', who cannot enter {data}: open its parent directories "
        "(chmod o+x), name another directory with LAUREL_DATA_DIR, or run as an ordinary user."
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
