"""What a process makes of a business's rows once, and again when the engine's stamp has moved.

The database moves the stamp, by triggers on every table that the engine compiles.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar
from uuid import UUID

from loyalty.models import Business

MOST = 500  # of how many businesses a process remembers it

V = TypeVar("V")


class Stamped(Generic[V]):
    def __init__(self, make: Callable[[Business, int], V]) -> None:
        """:param make: makes it of a business and the stamp that it is made at"""
        self._make = make
        self._made: OrderedDict[UUID, tuple[int, V]] = OrderedDict()
        self._lock = Lock()

    def of(self, business: Business) -> V:
        """It at the stamp of `business`, which was read just now.

        A later one does not do: it may be of a transaction that was rolled back since.
        """
        found = self._remembered(business)
        return found[1] if found is not None and found[0] == business.engine_stamp else self._remember(business)

    def recent(self, business: Business) -> V:
        """It as this process saw it last: for guesses that are checked against the stamp."""
        found = self._remembered(business)
        return found[1] if found is not None else self._remember(business)

    def _remembered(self, business: Business) -> tuple[int, V] | None:
        with self._lock:
            found = self._made.get(business.pk)
            if found is not None:
                self._made.move_to_end(business.pk)
        return found

    def _remember(self, business: Business) -> V:
        # The stamp first: a change that comes while the rest is read moves it on, and is read the next time.
        stamp = Business.objects.values_list("engine_stamp", flat=True).get(pk=business.pk)
        value = self._make(business, stamp)
        with self._lock:
            self._made[business.pk] = (stamp, value)
            while len(self._made) > MOST:
                self._made.popitem(last=False)
        return value
