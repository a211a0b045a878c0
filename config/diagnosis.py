"""What may be wrong with a set-up: one question a function, one answer a line. For `manage.py doctor`."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.http.request import validate_host

from config import health, runtime
from loyalty.kernel import redis as store

GUARDS = {"ledger_is_append_only", "ledger_is_never_emptied", "lot_uses_are_append_only"}


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis: what was asked, and what to do where something is wrong."""

    subject: str
    problem: str | None

    def __str__(self) -> str:
        return f"!! {self.subject} — {self.problem}" if self.problem else f"ok {self.subject}"


def examine(*, deploy: bool) -> Iterator[Finding]:
    """Ask everything; with `deploy` also what only a server on the internet must fulfil."""
    for message in checks.run_checks(include_deployment_checks=deploy):
        if not message.is_silenced():
            yield Finding(f"setting {message.id}", " ".join(filter(None, [message.msg, message.hint])))
    for subject, question in QUESTIONS.items():
        yield Finding(subject, question())


def _python() -> str | None:
    return None if sys.version_info >= (3, 11) else "Laurel needs Python 3.11 or newer. Install it."


def _database_version() -> str | None:
    return _ask_database(
        "SELECT current_setting('server_version_num')::int >= 150000",
        otherwise="Laurel needs PostgreSQL 15 or newer. Upgrade the server.",
    )


def _ledger_guards() -> str | None:
    names = ", ".join(f"'{name}'" for name in sorted(GUARDS))
    return _ask_database(
        f"SELECT count(*) = {len(GUARDS)} FROM pg_trigger WHERE tgname IN ({names}) AND tgenabled <> 'D'",
        otherwise="A trigger that guards the ledger is missing or off. Restore the schema from migrations.",
    )


def _redis_policy() -> str | None:
    try:
        policy = store.client().info("memory")["maxmemory_policy"]
    except redis.RedisError:
        return "Redis cannot be asked for its eviction policy."
    return None if policy == "noeviction" else f"Redis may drop work ({policy}). Set maxmemory-policy noeviction."


def _bulk_worker() -> str | None:
    return health.missing_worker(("mail", "bulk"), seconds=600)  # it may be at something long


def _public_url() -> str | None:
    url = urlsplit(settings.PUBLIC_URL)
    if url.scheme not in ("http", "https") or not url.hostname or url.path:
        return f"{settings.PUBLIC_URL} is no address of a server. Give one such as https://loyalty.example.com."
    if not validate_host(url.hostname, settings.ALLOWED_HOSTS):
        return f"{url.hostname} would be refused. Add it to ALLOWED_HOSTS."
    return None


def _data_directory() -> str | None:
    data = runtime.data_dir()
    if data.exists() and not os.access(data, os.W_OK | os.X_OK):
        return f"{data} cannot be written. Change its owner, or set LAUREL_DATA_DIR."
    return None


def _ask_database(question: str, *, otherwise: str) -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return None if cursor.fetchone()[0] else otherwise
    except DatabaseError:
        return "The database cannot be asked."


QUESTIONS: dict[str, Callable[[], str | None]] = {
    "Python": _python,
    "database": health.database,
    "database version": _database_version,
    "migrations": health.migrations,
    "ledger guards": _ledger_guards,
    "Redis": health.cache,
    "Redis policy": _redis_policy,
    "worker": health.worker,
    "worker of long tasks": _bulk_worker,
    "PUBLIC_URL": _public_url,
    "data directory": _data_directory,
    **health.WATCHED,
}
