"""`make` says in one sentence what the machine lacks."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from config import runtime


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of a clone as is read before anything is installed."""
    shutil.copy(runtime.ROOT / "Makefile", tmp_path)
    shutil.copytree(runtime.ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def make(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `make` as from a shell, also where a `make test` runs us."""
    env = {"PATH": os.environ["PATH"]}
    return subprocess.run(["make", *arguments], cwd=clone, env=env, capture_output=True, text=True, check=False)


def complaint(clone: Path, *, python: str) -> list[str]:
    """What `make run` says with this script in place of Python."""
    fake = clone / "python"
    fake.write_text(f"#!/bin/sh\n{python}\n")
    fake.chmod(0o755)
    run = make(clone, "run", f"PYTHON={fake}")
    assert (run.returncode, run.stdout) == (2, "")
    return [line for line in run.stderr.splitlines() if not line.startswith("make: ")]


def test_an_old_python_is_refused(clone: Path):
    assert complaint(clone, python="exit 1") == [
        "Laurel needs Python 3.11 or newer: install it, or name it, as in: make run PYTHON=python3.12"
    ]


def test_a_python_without_its_venv_package_is_refused(clone: Path):
    said = complaint(clone, python='case "$2" in *ensurepip*) exit 1;; esac')

    assert len(said) == 1
    assert said[0].endswith("install its venv package (Debian, Ubuntu: apt install python3-venv)")


def test_it_lists_its_verbs_when_asked_for_none(clone: Path):
    verbs = [line.split()[1] for line in make(clone).stdout.splitlines()]

    assert verbs == ["help", "run", "test", "check", "fix", "bench", "fuzz", "chaos", "schema"]
