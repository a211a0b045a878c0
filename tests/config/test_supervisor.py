"""`make run`: it starts, it stops, it keeps its data, and it says in one sentence what is wrong."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config import runtime
from config.local import accounts
from tests.config.conftest import Start
from tests.config.runs import is_one_sentence, ordinary_user


class TestRefuses:
    def test_a_port_that_is_used(self, start: Start):
        with socket.create_server(("127.0.0.1", 0)) as other:
            code, complaint = start(PORT=str(other.getsockname()[1])).end()

        assert (code, is_one_sentence(complaint)) == (1, True)
        assert "Address already in use" in complaint

    @pytest.mark.parametrize("port", ["0", "65536", "eight", "-1"])
    def test_a_port_that_is_none(self, start: Start, port: str):
        code, complaint = start(PORT=port).end()

        assert (code, complaint) == (1, f"laurel: PORT={port} is no port: choose a number from 1 to 65535.\n")

    def test_a_data_directory_that_is_a_file(self, start: Start, tmp_path: Path):
        (tmp_path / "data").write_text("a letter")

        code, complaint = start().end()

        assert (code, is_one_sentence(complaint)) == (1, True)
        assert "is not a directory" in complaint

    def test_a_data_directory_that_it_may_not_write(self, start: Start, tmp_path: Path):
        (tmp_path / "data").mkdir(mode=0o555)

        code, complaint = start(account=ordinary_user()).end()

        assert (code, is_one_sentence(complaint)) == (1, True)
        assert "Permission denied" in complaint

    def test_data_of_another_major_version(self, start: Start, tmp_path: Path):
        (tmp_path / "data").mkdir()
        postgres = accounts.choose(tmp_path).own(tmp_path / "data" / "postgres")
        (postgres / "PG_VERSION").write_text("9\n")

        code, complaint = start().end()

        assert (code, is_one_sentence(complaint)) == (1, True)
        assert "was made by PostgreSQL 9" in complaint

    def test_a_directory_that_holds_no_data_of_postgres(self, start: Start, tmp_path: Path):
        (tmp_path / "data").mkdir()
        accounts.choose(tmp_path).own(tmp_path / "data" / "postgres")

        code, complaint = start().end()

        assert (code, is_one_sentence(complaint)) == (1, True)
        assert "holds no PostgreSQL data" in complaint

    def test_a_second_run_on_the_same_data(self, start: Start):
        start().until_welcome()

        code, complaint = start().end()

        assert (code, is_one_sentence(complaint)) == (1, True)
        assert "already runs" in complaint

    def test_to_go_on_when_a_part_stops(self, start: Start):
        run = start(PARTS="serve,fail")

        code, complaint = run.end()

        assert (code, is_one_sentence(complaint)) == (1, True)
        assert f"fail stopped (exit code 1); see {run.data}/logs/fail.log." in complaint
        assert "the disk is full" in complaint
        assert run.leaves_nothing()

    def test_what_stops_while_another_part_is_waited_for(self, start: Start):
        run = start(PARTS="fail,sleep!,serve")

        code, complaint = run.end()

        assert code == 1
        assert "the disk is full" in complaint
        assert run.leaves_nothing()


class TestStops:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_everything_when_asked(self, start: Start, number: signal.Signals):
        run = start().until_welcome()
        assert len(run.processes()) > 5

        os.killpg(run.process.pid, number)

        assert run.end() == (0, "")
        assert run.leaves_nothing()
        assert not runtime.state_file(run.data).exists()

    def test_everything_when_killed(self, start: Start):
        run = start().until_welcome()

        run.process.kill()

        assert run.leaves_nothing()

    def test_everything_when_make_is_killed(self, start: Start):
        make = ["sh", "-c", '"$@"; exit', "make"]
        run = start(wrapper=make, MAKELEVEL="1").until_welcome()

        run.process.kill()

        assert run.leaves_nothing()

    def test_everything_when_interrupted_before_it_is_ready(self, start: Start):
        run = start(PARTS="sleep")
        log = run.data / "logs" / "sleep.log"
        while not (log.exists() and log.read_text()):
            time.sleep(0.02)

        assert run.interrupt() == (0, "")
        assert run.leaves_nothing()

    def test_a_part_that_does_not_listen(self, start: Start):
        run = start(PARTS="serve,ignore").until_welcome()

        assert run.interrupt() == (0, "")
        assert run.leaves_nothing()


class TestKeeps:
    def test_data_and_secrets_over_an_orderly_end(self, start: Start):
        first = start().until_welcome()
        secrets = (first.data / "secrets.json").read_text()
        first.interrupt()

        second = start().until_welcome()

        assert (second.seen("visits"), second.seen("visits in Valkey")) == (2, 2)
        assert (second.data / "secrets.json").read_text() == secrets

    def test_data_when_killed_and_started_at_once(self, start: Start):
        start().until_welcome().process.kill()

        second = start().until_welcome()

        assert second.seen("visits") == 2

    def test_secrets_from_other_eyes(self, start: Start):
        run = start().until_welcome()

        modes = {name: (run.data / name).stat().st_mode & 0o777 for name in ("secrets.json", "runtime.json")}

        assert modes == {"secrets.json": 0o600, "runtime.json": 0o600}


class TestRuns:
    def test_for_an_ordinary_user(self, start: Start, tmp_path: Path):
        user = ordinary_user()

        run = start(user.own(tmp_path / "home") / "data", account=user).until_welcome()

        assert run.data.stat().st_uid == (user.user.pw_uid if user.user else os.getuid())
        assert run.interrupt() == (0, "")

    def test_where_other_processes_find_it_by_the_data_directory(self, start: Start):
        run = start().until_welcome()
        ask = "from config import runtime; runtime.load(); import os; print(os.environ.get('DATABASE_URL'))"

        def answer() -> str:
            command, env = [sys.executable, "-c", ask], {"LAUREL_DATA_DIR": str(run.data)}
            return subprocess.check_output(command, env=env, cwd=runtime.ROOT, text=True).strip()

        assert answer().startswith("postgres://laurel@/laurel?host=")
        run.process.kill()
        run.process.wait()
        assert answer() == "None"

    def test_on_servers_that_the_environment_names(self, start: Start):
        given = os.environ["DATABASE_URL"], os.environ["REDIS_URL"]

        run = start(DATABASE_URL=given[0], REDIS_URL=given[1]).until_welcome()

        assert not (run.data / "postgres").exists()
        assert not (run.data / "valkey").exists()
