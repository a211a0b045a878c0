"""Somebody joins with the code of a friend. What codes mean, an app above knows; it registers here."""

from collections.abc import Callable

from advocates.models import Advocate

Bring = Callable[[Advocate, str], None]

_bringers: list[Bring] = []


def register(bring: Bring) -> None:
    """Call `bring` in the transaction of a join that names a code; its exception aborts that."""
    _bringers.append(bring)


def brought(advocate: Advocate, *, code: str) -> None:
    for bring in _bringers:
        bring(advocate, code)
