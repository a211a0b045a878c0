"""The only place that reads the clock.

`wall()` is real time: tokens, limits, retries, signatures. `now(business)` is the programme's time: a sandbox
may have moved it forward, and it keeps ticking from there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Protocol

_moved_to: ContextVar[datetime | None] = ContextVar("moved_to", default=None)


class HasClock(Protocol):
    clock_offset: timedelta


def wall() -> datetime:
    return _moved_to.get() or datetime.now(UTC)


def now(business: HasClock) -> datetime:
    return wall() + business.clock_offset


@contextmanager
def moved_to(moment: datetime) -> Iterator[None]:
    """Let everything inside happen at `moment`: how the demo gets a past, and tests a future."""
    token = _moved_to.set(moment)
    try:
        yield
    finally:
        _moved_to.reset(token)
