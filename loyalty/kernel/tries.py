"""Doing something again that somebody else came in the way of."""

from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

MOST = 3


def again(work: Callable[[], Answer], *, on: type[Exception] | tuple[type[Exception], ...]) -> Answer:
    """What `work` answers, which may fail with `on` and leave nothing: it is done three times at most."""
    for _ in range(MOST - 1):
        try:
            return work()
        except on:
            continue
    return work()
