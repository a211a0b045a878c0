"""Installs packages of Debian, where the tests may: as root, on a Debian system."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def install(*packages: str, unless: Callable[[], object]) -> bool:
    """Install these packages unless they are there; tell whether that can be counted on."""
    if unless():
        return True
    if os.getuid() != 0 or not shutil.which("apt-get"):
        return False
    with _alone():
        if not unless():
            _apt("update")
            _apt("install", "-y", "--no-install-recommends", *packages)
    return True


def _apt(*arguments: str) -> None:
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-q", *arguments], env=env, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _alone() -> Iterator[None]:
    """Parallel workers want the same packages, and apt-get runs once at a time."""
    folder = os.open("/var/lib/dpkg", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
