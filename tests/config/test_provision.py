"""The suite runs on real servers of its own, never on something else by accident."""

import os

import pytest
import redis
from django.conf import settings
from django.db import connection

pytestmark = pytest.mark.django_db


def ask(question: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return str(cursor.fetchone()[0])


def asked_for_debian() -> bool:
    return os.environ.get("TEST_SERVERS") == "debian"


def test_the_database_is_the_postgresql_that_was_asked_for():
    assert connection.vendor == "postgresql"
    assert int(ask("SHOW server_version_num")) >= 15_00_00
    assert ("Debian" in ask("SELECT version()")) == asked_for_debian()


def test_the_database_is_a_throw_away_one():
    assert ask("SHOW fsync") == "off"
    assert ask("SELECT current_database()").startswith("test_laurel")
    assert "/laurel-" in connection.get_connection_params()["host"]


def test_redis_is_the_server_that_was_asked_for():
    facts = redis.Redis.from_url(settings.REDIS_URL).info("server")

    assert facts.get("server_name", "redis") == ("redis" if asked_for_debian() else "valkey")


def test_each_parallel_worker_has_a_redis_of_its_own():
    worker = os.environ.get("PYTEST_XDIST_WORKER")

    assert settings.REDIS_URL.endswith(f"/{int(worker.removeprefix('gw')) + 1 if worker else 0}")


def test_mail_stays_in_memory():
    assert settings.EMAIL_BACKEND == "django.core.mail.backends.locmem.EmailBackend"
