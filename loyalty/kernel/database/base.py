"""The backend itself: Django looks for it under this name."""

from time import monotonic
from typing import Any

import psycopg
from django.db.backends.postgresql import base, operations
from psycopg.types.datetime import TimestamptzLoader

SOUND_SECONDS = 1.0  # for so long, a connection that answered is taken to be alive


class PreparedCursor(psycopg.Cursor[Any]):
    """The only one whose statements the driver remembers. Of others it would keep the last hundred as well, though it
    prepares none of them: values are part of their text, and with thousands of rows that is megabytes.
    """

    def execute(self, *said: Any, **how: Any) -> Any:
        self.connection.prepare_threshold = 0
        try:
            return super().execute(*said, **how)
        finally:
            self.connection.prepare_threshold = None


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> str:
        """For logs and tests: a prepared statement is nowhere whole, so it is put together."""
        return super().last_executed_query(cursor, sql, params) or str(self.compose_sql(sql, params))


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    _sound_until = 0.0
    _prepared: Any = None

    def is_usable(self) -> bool:
        """Django asks at each request's first statement; a busy connection need not be tried every time."""
        if self.errors_occurred or monotonic() > self._sound_until:
            if not super().is_usable():
                return False
            self._sound_until = monotonic() + SOUND_SECONDS
        return True

    def prepared_cursor(self) -> Any:
        """See `loyalty.kernel.database`."""
        self.validate_thread_sharing()
        self.close_if_health_check_failed()
        self.ensure_connection()
        if self._prepared is None or self._prepared.connection is not self.connection:
            self._prepared = PreparedCursor(self.connection)
            # Connections speak UTC: the driver's own loader, in C, reads what Django's reads in Python.
            self._prepared.adapters.register_loader("timestamptz", TimestamptzLoader)
        return self.make_debug_cursor(self._prepared) if self.queries_logged else self.make_cursor(self._prepared)
