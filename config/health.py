"""Whether this process lives, and whether the whole is ready to serve."""

from collections.abc import Callable

import redis
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from loyalty.kernel import heartbeat
from loyalty.kernel import redis as store


def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    problems = {name: problem for name, problem in check_all().items() if problem}
    return JsonResponse(
        {"status": "unready" if problems else "ready", "problems": problems}, status=503 if problems else 200
    )


def check_all() -> dict[str, str | None]:
    """What is wrong with each part; None where nothing is."""
    return {name: check() for name, check in CHECKS.items()}


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
    try:
        age = heartbeat.seconds_since()
    except redis.RedisError:
        return "The worker's heartbeat cannot be read without Redis."
    if age is None or age > heartbeat.STALE_SECONDS:
        return "No worker has been heard. Start celery -A config.celery worker and beat."
    return None


CHECKS: dict[str, Callable[[], str | None]] = {
    "database": database,
    "migrations": migrations,
    "redis": cache,
    "worker": worker,
}
