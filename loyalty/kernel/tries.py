"""Doing something again that somebody else came in the way of."""

from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

MOST = 10  # each time somebody else has come further, but there may be many of them
FEW = 3  # for what may as well be no other's doing, and stays


def again(
    work: Callable[[], Answer], *, on: type[Exception] | tuple[type[Exception], ...], most: int | None = None
) -> Answer:
    """What `work` answers, which may fail with `on` and leave nothing: it is done so many times at most."""
    for _ in range((most or MOST) - 1):
        try:
            return work()
        except on:
            continue
    return work()
