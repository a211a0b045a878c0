"""The way to Celery: tasks by name, after commit, never on the request's thread.

A message is a nudge and may be lost: what must happen is a row, and a sweep finds it.
"""

import os
import threading
import time
from contextlib import suppress
from functools import cache
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.05  # between two rounds of nudges; what comes meanwhile goes out together
REST_SECONDS = 5.0  # after a failure the broker is left alone
BROKER_TIMEOUT = 0.2
EXPIRES_SECONDS = 3.0  # a sweep has looked since; and behind a busy worker nudges pile up for nothing


def wake(name: str) -> None:
    """Nudge the task `name` once the current transaction, if any, has committed."""
    task = _task_named(name)
    transaction.on_commit(lambda: _waker.nudge(task), robust=True)


@cache
def _task_named(name: str) -> str:
    """The name, if there is such a task: an unknown one fails here, not unseen in the background."""
    return str(current_app.tasks[name].name)


class Waker:
    """One daemon thread that sends the nudges, so that a hanging broker hangs nobody's request.

    A nudge that comes while others are on their way is sent after them, as its task may have looked too early.
    One that could not be sent is kept for after the rest.
    """

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._connection: Any = None

    def nudge(self, name: str) -> None:
        if name in self._wanted:  # it has not gone out yet, and will be early enough for this one too
            return
        with self._news:
            self._wanted.add(name)
            self._news.notify()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._wanted)
                names, self._wanted = self._wanted, set()
            unsent = self._send(names)
            with self._news:
                self._wanted |= unsent
            time.sleep(REST_SECONDS if unsent else PAUSE_SECONDS)

    def _send(self, names: set[str]) -> set[str]:
        """Send all of `names` and answer none, or say why not and answer them."""
        try:
            self._publish(names)
        except (OperationalError, OSError) as error:
            log.warning("broker_unreachable", error=type(error).__name__)
            return names
        return set()

    def _publish(self, names: set[str]) -> None:
        kept, self._connection = self._connection, None
        if kept is not None:
            with suppress(OperationalError, OSError):  # it may have died of age: a fresh one decides
                return self._publish_over(kept, names)
        return self._publish_over(_connect(), names)

    def _publish_over(self, connection: Any, names: set[str]) -> None:
        try:
            producer = current_app.amqp.Producer(connection, auto_declare=False)
            for name in names:
                current_app.tasks[name].apply_async(producer=producer, retry=False, expires=EXPIRES_SECONDS)
        except (OperationalError, OSError):
            connection.release()
            raise
        self._connection = connection


def _connect() -> Any:
    options = current_app.conf.broker_transport_options | {
        "socket_timeout": BROKER_TIMEOUT,
        "socket_connect_timeout": BROKER_TIMEOUT,
        "max_retries": 0,
    }
    return current_app.connection_for_write(transport_options=options)


_waker = Waker()


def _begin_again() -> None:
    global _waker
    _waker = Waker()


os.register_at_fork(after_in_child=_begin_again)  # a child has neither the thread nor a connection of its own
