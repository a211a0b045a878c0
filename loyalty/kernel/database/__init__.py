"""Django's PostgreSQL backend, made cheaper where every request feels it. The settings name it as ENGINE."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar, cast

from django.db import DatabaseError, connection, transaction

T = TypeVar("T")

# What our functions raise: somebody moved on a ladder, which must be followed up; or it takes more than a statement.
SOMEBODY_MOVED, NOT_AT_ONCE = "LA001", "LA002"


def prepared_cursor() -> Any:
    """A cursor whose statements the server plans once a connection. Do not close it: it is kept."""
    return cast(Any, connection).prepared_cursor()


def at_once(statement: Callable[[], T]) -> T | None:
    """What a statement answers that does everything alone. None where it refuses to, which leaves nothing."""
    try:
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            return statement()
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) not in (SOMEBODY_MOVED, NOT_AT_ONCE):
            raise
    return None
