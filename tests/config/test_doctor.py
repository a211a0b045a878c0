"""`manage.py doctor` says what is wrong with a set-up, and nothing when nothing is."""

import os
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from advocates.models import Advocate
from config import settings as settings_module
from config.local import servers
from config.local.servers import Servers
from loyalty.kernel import clock, heartbeat
from loyalty.kernel import redis as store
from loyalty.models import Business, Event
from loyalty.services import quarantine, setbacks
from webhooks.services import endpoints, relay


@pytest.fixture(autouse=True)
def _a_sound_set_up(db: None) -> None:
    """A worker that beats."""
    beat_everywhere()


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


def beat_everywhere() -> None:
    for queue in settings_module.QUEUES:
        heartbeat.beat(queue)


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
        store.client().hdel(heartbeat.KEY, "delivery", "bulk")

        code, problems = doctor()

        assert (code, len(problems)) == (1, 2)
        assert problems[0].startswith("!! worker — No worker has been heard.")
        assert [problem.rpartition(" ")[2] for problem in problems] == ["delivery.", "bulk."]

    def test_with_a_redis_that_forgets_work(self, another_redis: Servers):
        store.client().config_set("maxmemory-policy", "allkeys-lru")
        beat_everywhere()

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
            "!! worker of long tasks",
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


class TestWarns:
    """Of what an operator should look at; `/readyz` stays 200, as no server is the better for being taken out."""

    def test_of_events_that_are_not_published(self, client: Client, ada: Advocate):
        with clock.moved_to(clock.wall() + timedelta(minutes=6)):
            beat_everywhere()

            assert [line.split(" — ")[0] for line in doctor()[1]] == ["!! publication"]
            assert list(client.get("/readyz").json()["warnings"]) == ["publication"]

    def test_of_deliveries_that_are_overdue(self, client: Client, acme: Business, ada: Advocate):
        endpoints.create(business=acme, url="http://127.0.0.1:9/", topics=["*"])
        relay.relay()
        with clock.moved_to(clock.wall() + timedelta(minutes=11)):
            beat_everywhere()
            code, problems = doctor()
            answer = client.get("/readyz")

        assert (code, len(problems)) == (1, 1)
        assert "1 deliveries to 1 endpoints are overdue" in problems[0]
        assert (answer.status_code, list(answer.json()["warnings"])) == (200, ["deliveries"])

    def test_of_events_that_were_set_aside(self, client: Client, acme: Business, ada: Advocate):
        event = Event.objects.for_business(acme).get()
        for _ in range(setbacks.MOST_TRIES):
            setbacks.count(event, ValueError())

        assert "1 events could not be published" in doctor()[1][0]
        assert list(client.get("/readyz").json()["warnings"]) == ["set-aside events"]

    def test_of_tasks_that_were_set_aside(self, client: Client):
        for _ in range(3):
            quarantine.admits(task_id=UUID(int=1), name="tests.sound", arguments={})

        assert "1 tasks were set aside" in doctor()[1][0]
        assert list(client.get("/readyz").json()["warnings"]) == ["set-aside tasks"]
