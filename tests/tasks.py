"""Tasks that only the tests' workers know."""

import os
import signal
from typing import Any

from celery import shared_task

from loyalty.kernel import redis


@shared_task(name="tests.poison")
def poison(**_: Any) -> None:
    """Kills whoever works on it, as a bug in a C library would."""
    redis.client().incr("tests:poisoned")
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(name="tests.sound")
def sound(number: int, **_: Any) -> None:
    redis.client().sadd("tests:done", number)
