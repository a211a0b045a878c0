"""The way to Celery: tasks by name, after commit, never on the request's thread.

A message is a nudge and may be lost: what must happen is a row, and a sweep finds it.
"""

import threading
import time
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.02  # at most one nudge of a name per pause and process
REST_SECONDS = 5.0  # after a failure the broker is left alone
BROKER_TIMEOUT = 0.2


def wake(name: str) -> None:
    """Nudge the task `name` once the current transaction, if any, has committed."""
    transaction.on_commit(lambda: _waker.nudge(name))


class _Waker:
    """One daemon thread that sends the nudges, so that a hanging broker hangs nobody's request."""

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._lock = threading.Lock()
        self._called = threading.Event()
        self._thread: threading.Thread | None = None

    def nudge(self, name: str) -> None:
        with self._lock:
            self._wanted.add(name)
            if self._thread is None or not self._thread.is_alive():  # also after a fork
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
        self._called.set()

    def _run(self) -> None:
        while True:
            self._called.wait()
            self._called.clear()
            with self._lock:
                names, self._wanted = self._wanted, set()
            time.sleep(PAUSE_SECONDS if self._send(names) else REST_SECONDS)

    def _send(self, names: set[str]) -> bool:
        try:
            with _connection() as connection:
                for name in names:
                    current_app.tasks[name].apply_async(connection=connection, retry=False)
        except (OperationalError, OSError) as error:
            log.warning("broker_unreachable", error=type(error).__name__)
            return False
        return True


def _connection() -> Any:
    options = current_app.conf.broker_transport_options | {
        "socket_timeout": BROKER_TIMEOUT,
        "socket_connect_timeout": BROKER_TIMEOUT,
    }
    return current_app.connection_for_write(transport_options=options)


_waker = _Waker()
