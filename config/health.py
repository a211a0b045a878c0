"""Whether this process lives, and whether the whole is ready to serve."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

import redis
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from loyalty.kernel import clock, heartbeat
from loyalty.kernel import redis as store
from loyalty.models import RedeliveredTask
from loyalty.services import publication as publishing
from loyalty.services import setbacks
from webhooks.selectors import overdue

Check = Callable[[], str | None]

PROMPT = ("relay", "delivery")
PUBLISHED_WITHIN = timedelta(minutes=5)


def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """Problems make it 503. Warnings want an operator's eye, and take no server out of its service."""
    problems = found_by(CHECKS)
    return JsonResponse(
        {
            "status": "unready" if problems else "ready",
            "problems": problems,
            "warnings": {} if "database" in problems else found_by(WATCHED),
        },
        status=503 if problems else 200,
    )


def found_by(checks: Mapping[str, Check]) -> dict[str, str]:
    """What is wrong, by what was asked."""
    return {name: problem for name, check in checks.items() if (problem := check())}


def database() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "The database cannot be reached. Check DATABASE_URL."
    return None


def migrations() -> str | None:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "The database cannot be asked for its migrations."
    return f"{len(waiting)} migrations wait. Run manage.py migrate." if waiting else None


def cache() -> str | None:
    try:
        store.client().ping()
    except redis.RedisError:
        return "Redis cannot be reached. Check REDIS_URL."
    return None


def worker() -> str | None:
    """Of the queues whose tasks are short: a worker of the others may be at something long."""
    return missing_worker(PROMPT)


def missing_worker(queues: Collection[str], *, seconds: float = heartbeat.STALE_SECONDS) -> str | None:
    try:
        silent = ",".join(heartbeat.silent(queues, seconds=seconds))
    except redis.RedisError:
        return "The worker's heartbeat cannot be read without Redis."
    return f"No worker has been heard. Start beat and celery -A config.celery worker -Q {silent}." if silent else None


def publication() -> str | None:
    """Also of what could not be described, until it is set aside."""
    since = publishing.oldest_waiting()
    if since is None or since > clock.wall() - PUBLISHED_WITHIN:
        return None
    return f"Events wait to be published, the oldest since {since:%Y-%m-%d %H:%M} UTC. Look for event_not_described."


def deliveries() -> str | None:
    late = overdue()
    if not late.count:
        return None
    return (
        f"{late.count} deliveries to {late.endpoints} endpoints are overdue, the oldest since "
        f"{late.since:%Y-%m-%d %H:%M} UTC. Add workers to the queue delivery, unless their endpoints fail."
    )


def events_set_aside() -> str | None:
    count = setbacks.set_aside()
    return f"{count} events could not be published and were set aside. See Events, State." if count else None


def set_aside() -> str | None:
    count = RedeliveredTask.objects.filter(quarantined_at__isnull=False).count()
    return f"{count} tasks were set aside after three workers died. See Set-aside tasks." if count else None


CHECKS: Mapping[str, Check] = {
    "database": database,
    "migrations": migrations,
    "redis": cache,
    "worker": worker,
}
WATCHED: Mapping[str, Check] = {
    "publication": publication,
    "deliveries": deliveries,
    "set-aside events": events_set_aside,
    "set-aside tasks": set_aside,
}
