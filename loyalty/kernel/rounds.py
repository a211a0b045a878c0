"""Rounds of workers: what fails for one person holds up nobody else, and the round says so at its end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self, TypeVar
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import Model, Q, QuerySet

log = structlog.get_logger(__name__)

Row = TypeVar("Row", bound=Model)


class Round:
    """One round of the task `name`. What failed in it is still due, and tried again by the next one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.failed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.failed:
            log.error("round_incomplete", round=self.name, failed=self.failed)

    @contextmanager
    def piece(self, **ids: object) -> Iterator[None]:
        """Do a piece, in transactions of its own. What fails is written down by its class and ids: texts tell more.

        Without a database everything would fail, and the round breaks off.
        """
        try:
            yield
        except Exception as error:
            if not connection.is_usable():
                raise
            self.failed += 1
            named = {name: str(value) for name, value in ids.items()}
            log.error("piece_failed", round=self.name, error=type(error).__name__, **named)

    def page(self, serve: Callable[[Sequence[UUID]], int], account_ids: Sequence[UUID], *, business: UUID) -> int:
        """Serve accounts at once; where one of them spoils it for the others, one after the other."""
        try:
            return serve(account_ids)
        except Exception:  # noqa: BLE001  # whose fault it is, is told below
            served = 0
            for account_id in dict.fromkeys(account_ids):
                with self.piece(business=business, account=account_id):
                    served += serve([account_id])
            return served


def by_time(rows: QuerySet[Row], column: str, *, size: int) -> Iterator[Row]:
    """Rows, a batch at a time: each comes once, also one that is still due afterwards."""
    later = Q()
    while batch := list(rows.filter(later).order_by(column, "pk")[:size]):
        yield from batch
        moment = getattr(batch[-1], column)
        later = Q((f"{column}__gt", moment)) | Q((column, moment), pk__gt=batch[-1].pk)
