"""What tables take that get many rows at once."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from django.db import connection
from django.db.models import Model

from loyalty.kernel.database import prepared_cursor


def write(new: Sequence[Model]) -> None:
    """Insert rows of one model that the database has not, as `bulk_create` does, and reads nothing back.

    Django spells rows with arrays out value by value, which costs twice what the inserting does. Values are what JSON
    knows, bytes, ids and times.
    """
    if not new:
        return
    table = new[0]._meta.db_table
    names = ", ".join(map(connection.ops.quote_name, _columns(type(new[0])).values()))
    prepared_cursor().execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, %s)",
        [orjson.dumps([_values(row) for row in new], default=_hex).decode()],
    )
    for row in new:
        row._state.adding = False


def document(row: Model) -> str:
    """A row as `jsonb_populate_record` reads it."""
    return orjson.dumps(_values(row), default=_hex).decode()


@cache
def _columns(model: type[Model]) -> Mapping[str, str]:
    """Those that are written, by the names of their attributes."""
    fields = model._meta.concrete_fields
    return {field.attname: field.column for field in fields if field.column and not field.generated}


def _values(row: Model) -> dict[str, Any]:
    return {column: getattr(row, attribute) for attribute, column in _columns(type(row)).items()}


def _hex(value: object) -> str:
    """How PostgreSQL reads bytes out of JSON."""
    if not isinstance(value, bytes):
        raise TypeError
    return f"\\x{value.hex()}"


GROWN = """
    SELECT relname FROM pg_class
    WHERE oid = ANY (%s::text[]::regclass[]) AND pg_relation_size(oid) > 2 * relpages::bigint * 8192 + 65536
"""


def measure(*models: type[Model]) -> None:
    """Let the planner see how large tables have become, if they have doubled since they were measured.

    A connection keeps the plans of foreign keys. One that was made when a table was small reads all of it for each
    row, until the table is measured again, which the database does by itself once a minute at best. Call it before
    very many rows, outside of their transaction; a table that somebody else measures is left to them.
    """
    with connection.cursor() as cursor:
        cursor.execute(GROWN, [[model._meta.db_table for model in models]])
        for (table,) in cursor.fetchall():
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {table}")
