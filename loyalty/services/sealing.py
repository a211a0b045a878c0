"""Everything that rests sealed, and its way under the key that seals now, while everybody works on.

Apps above register their columns in `ready()`. A row is written by itself, and only if it is still as it was read: so
nobody waits for more than one write, and whoever is stopped goes on where they were by beginning again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db.models import BinaryField, Model, QuerySet
from django.db.models.functions import Substr

from loyalty.kernel import crypto

log = structlog.get_logger(__name__)

PAGE = 500


def nothing(row: Any, value: bytes) -> Mapping[str, bytes]:
    return {}


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed values.

    :param context: of a row, what its value is bound to
    :param beside: what else of a row follows from its value and the key that seals now
    :param page: how many rows are read at once, where they are large
    """

    model: type[Model]
    column: str
    context: Callable[[Any], str]
    beside: Callable[[Any, bytes], Mapping[str, bytes]] = field(default=nothing)
    page: int | None = None

    def __str__(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many values were sealed anew, and how many are still not under the key that seals now."""

    resealed: int
    left: int


SEALED: list[Sealed] = []


def register(*columns: Sealed) -> None:
    SEALED.extend(columns)


def reseal() -> Iterator[tuple[Sealed, Tally]]:
    """Seal every value with the first key, column by column. What no key opens is logged, and left."""
    for column in SEALED:
        resealed = sum(_reseal(column, row) for row in _rows(column))
        yield column, Tally(resealed, _behind(column).count())


def _rows(column: Sealed) -> Iterator[Any]:
    """The rows under other keys, each once, in the order of their keys."""
    page = list(_behind(column)[: column.page or PAGE])
    while page:
        yield from page
        page = list(_behind(column).filter(pk__gt=page[-1].pk)[: column.page or PAGE])


def _behind(column: Sealed) -> "QuerySet[Any]":
    key_id = Substr(column.column, 1, 4, output_field=BinaryField())
    kept = column.model._default_manager.filter(**{f"{column.column}__isnull": False})
    rows: QuerySet[Any] = kept.annotate(key_id=key_id).exclude(key_id=crypto.sealing_key_id()).order_by("pk")
    return rows


def _reseal(column: Sealed, row: Any) -> int:
    context, old = column.context(row), bytes(getattr(row, column.column))
    try:
        value = crypto.unseal(old, context=context)
    except crypto.Unsealable:
        log.error("not_resealed", column=str(column), id=str(row.pk))
        return 0
    new = {column.column: crypto.seal(value, context=context), **column.beside(row, value)}
    return column.model._default_manager.filter(pk=row.pk, **{column.column: old}).update(**new)
