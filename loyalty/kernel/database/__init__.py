"""Django's PostgreSQL backend, made cheaper where every request feels it. The settings name it as ENGINE."""

from typing import Any, cast

from django.db import connection


def prepared_cursor() -> Any:
    """A cursor whose statements the server plans once a connection. Do not close it: it is kept."""
    return cast(Any, connection).prepared_cursor()
