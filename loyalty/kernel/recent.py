"""What a process looked up a moment ago: for credentials, which every call shows and which may be revoked."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

SECONDS = 4.0  # a revocation holds everywhere within 5, with time for a slow look-up
MOST_ITEMS = 10_000

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A look-up with a short memory. What was not found is not remembered, so what is new is seen at once."""

    def __init__(self, look_up: Callable[[K], V | None], *, seconds: float = SECONDS) -> None:
        """:param seconds: how long a finding is remembered; longer only for what cannot be revoked"""
        self._look_up = look_up
        self._seconds = seconds
        self._found: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        now = time.monotonic()
        kept = self._found.get(key)
        if kept and kept[0] > now:
            return kept[1]
        value = self._look_up(key)
        if value is not None:
            if len(self._found) >= MOST_ITEMS:
                self._found.clear()
            self._found[key] = (now + self._seconds, value)
        return value

    def clear(self) -> None:
        self._found.clear()
