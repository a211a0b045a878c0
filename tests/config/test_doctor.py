"""`manage.py doctor` says what is wrong with a set-up, and nothing when nothing is."""

import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from config.local import servers
from config.local.servers import Servers
from loyalty.kernel import heartbeat
from loyalty.kernel import redis as store


@pytest.fixture(autouse=True)
def _a_sound_set_up(db: None) -> None:
    """A worker that beats, and the one guard back that the suite lifts to empty its tables."""
    heartbeat.beat()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE loyalty_ledgerentry ENABLE TRIGGER ledger_is_never_emptied")


@pytest.fixture
def another_redis(tmp_path: Path, settings: Settings) -> Iterator[Servers]:
    """A server of the test's own: what it suffers, no other test sees."""
    servers.prepare(tmp_path)
    own = Servers(tmp_path, durable=False, given={"DATABASE_URL": os.environ["DATABASE_URL"]})
    own.start()
    settings.REDIS_URL = own.env["REDIS_URL"]
    store.client.cache_clear()
    yield own
    own.stop()
    store.client.cache_clear()


def doctor(*arguments: str) -> tuple[int, list[str]]:
    """The exit code, and the lines that name a problem."""
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), [line for line in out.getvalue().splitlines() if line.startswith("!!")]
    assert out.getvalue().count("\nok ") > 5
    return 0, []


class TestFindsFault:
    def test_with_a_ledger_that_could_be_changed(self):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE loyalty_ledgerentry DISABLE TRIGGER ledger_is_append_only")

        assert doctor() == (
            1,
            [
                "!! ledger guards — A trigger that guards the ledger is missing or off. "
                "Restore the schema from migrations."
            ],
        )

    def test_with_a_missing_worker(self):
        store.client().delete(heartbeat.KEY)

        code, problems = doctor()

        assert (code, len(problems)) == (1, 1)
        assert problems[0].startswith("!! worker — No worker has been heard.")

    def test_with_a_redis_that_forgets_work(self, another_redis: Servers):
        store.client().config_set("maxmemory-policy", "allkeys-lru")
        heartbeat.beat()

        code, problems = doctor()

        assert (code, len(problems)) == (1, 1)
        assert "Redis may drop work (allkeys-lru)" in problems[0]

    def test_with_a_redis_that_is_away(self, another_redis: Servers):
        another_redis.stop()

        code, problems = doctor()

        assert code == 1
        assert [problem.split(" — ")[0] for problem in problems] == [
            "!! Redis",
            "!! Redis policy",
            "!! worker",
        ]

    @pytest.mark.parametrize("url", ["loyalty.example.com", "ftp://testserver", "http://testserver/shop"])
    def test_with_a_public_url_that_is_none(self, settings: Settings, url: str):
        settings.PUBLIC_URL = url

        code, problems = doctor()

        assert (code, len(problems)) == (1, 1)
        assert "is no address of a server" in problems[0]

    def test_with_a_public_url_that_would_be_refused(self, settings: Settings):
        settings.PUBLIC_URL = "https://elsewhere.example.com"

        assert doctor() == (
            1,
            ["!! PUBLIC_URL — elsewhere.example.com would be refused. Add it to ALLOWED_HOSTS."],
        )

    def test_with_plain_http_on_the_internet(self, settings: Settings):
        settings.REQUIRE_HTTPS = False

        code, problems = doctor("--deploy")

        assert code == 1
        assert any("laurel.E006" in problem for problem in problems)


def test_finds_none_with_a_sound_set_up():
    assert doctor() == (0, [])
