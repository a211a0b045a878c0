"""What tables take that get many rows at once."""

from collections.abc import Sequence

import orjson
from django.db import connection
from django.db.models import Model


def write(new: Sequence[Model]) -> None:
    """Insert rows of one model that the database has not, as `bulk_create` does, and reads nothing back.

    Django spells rows with arrays out value by value, which costs twice what the inserting does. Values are what JSON
    knows, bytes, ids and times.
    """
    if not new:
        return
    fields = new[0]._meta.concrete_fields
    columns = {field.attname: field.column for field in fields if field.column and not field.generated}
    table, names = new[0]._meta.db_table, ", ".join(map(connection.ops.quote_name, columns.values()))
    rows = [{column: getattr(row, attribute) for attribute, column in columns.items()} for row in new]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, %s)",
            [orjson.dumps(rows, default=_hex).decode()],
        )
    for row in new:
        row._state.adding = False


def _hex(value: object) -> str:
    """How PostgreSQL reads bytes out of JSON."""
    if not isinstance(value, bytes):
        raise TypeError
    return f"\\x{value.hex()}"


def measure(*models: type[Model]) -> None:
    """Let the planner see how large tables have become.

    A connection keeps the plans of foreign keys. One that was made when a table was small reads all of it for each
    row, until the table is measured again, which the database does by itself once a minute at best.
    """
    tables = ", ".join(model._meta.db_table for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {tables}")
