"""What kinds of imports have in common: rows, and what cells may say."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from advocates.services.customers import UNKNOWN_YEAR
from loyalty.kernel.errors import Conflict, DomainError, Invalid
from loyalty.models import Business

NO_YEAR = 1004  # of a birthday that Smile exports without one
OURS = "laurel"  # the layout whose columns have our own names
DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})|(\d{1,2})/(\d{1,2})/(\d{4})|(\d{1,2})[/-](\d{1,2})")
WHOLE = re.compile(r"\d{1,16}|\d{1,3}(,\d{3}){1,5}")


Read = TypeVar("Read")
Cells = Mapping[str, str]
Name = tuple[str, str]  # the column that says who or what something is, and what it says


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file: what its cells say, by our names of the columns; empty ones are left out."""

    line: int
    cells: Mapping[str, str]
    is_again: bool = False  # an earlier line names the same thing
    more: Sequence["Row"] = ()  # the lines below that belong to the same thing, in a kind that has such


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    error: DomainError


class RowRefused(Exception):
    """One row of a thing makes no sense, so none of it is brought."""

    def __init__(self, line: int, error: DomainError) -> None:
        self.problem = Problem(line, error)


class Twice(Conflict):
    def __init__(self) -> None:
        super().__init__("This stands further up already. Put all rows of one thing below each other.")


@contextmanager
def refusing(row: Row) -> Iterator[None]:
    """What is refused inside is said of this row.

    :raises RowRefused: in place of any refusal
    """
    try:
        yield
    except DomainError as error:
        raise RowRefused(row.line, error) from error


@dataclass(slots=True)
class Outcome:
    """What became of rows: how many things were new, how many known, and which were refused.

    `money` is what the new ones come to, in minor units by currency. `made` is what the kind's `undo` needs, as JSON.
    """

    new: int = 0
    known: int = 0
    points: int = 0
    money: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    made: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """For whom a part is brought, and how. `is_trial`: nothing will be left of it."""

    business: Business
    import_id: UUID
    author: str
    pays: bool
    is_trial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    title: str
    known: str  # what becomes of things that are known already
    undoing: str  # what an undo does, for whoever is about to
    columns: Sequence[str]
    required: Sequence[Sequence[str]]
    layouts: Mapping[str, Mapping[str, Sequence[str]]]
    identity: Callable[[Cells], Name | None]
    bring: Callable[[Job, Sequence[Row]], Outcome]
    undo: Callable[[Business, Mapping[str, Any]], int]
    pays: str = ""  # what rules can be let pay for, if for anything
    continues: Callable[[Cells, Cells], bool] | None = None


def read_each(rows: Sequence[Row], read: Callable[[Row], Read], outcome: Outcome) -> list[tuple[Row, Read]]:
    """Each thing with what its rows say; what is refused of them goes into the outcome."""
    found = []
    for row in rows:
        try:
            with refusing(row):
                if row.is_again:
                    raise Twice
                found.append((row, read(row)))
        except RowRefused as refused:
            outcome.problems.append(refused.problem)
    return found


def whole_number(text: str, *, column: str) -> int:
    """`1250`, `1,250` or `1250.00`.

    :raises Invalid: if it is no whole number from 0
    """
    digits = re.sub(r"\.0+\Z", "", text)
    if not WHOLE.fullmatch(digits):
        raise Invalid(f"{column} must be a whole number such as 1250.", field=column)
    return int(digits.replace(",", ""))


def day(text: str, *, column: str) -> date:
    """`2001-05-31`, `5/31/2001`, or without a year `5/31`, `05-31` and `1004-05-31`.

    :raises Invalid: if it is no day
    """
    found = DATE.fullmatch(text)
    if found:
        a, b, c, month, of_month, year, month_alone, day_alone = (int(part or 0) for part in found.groups())
        try:
            said = (a or year or NO_YEAR, b or month or month_alone, c or of_month or day_alone)
            return date(UNKNOWN_YEAR if said[0] == NO_YEAR else said[0], *said[1:])
        except ValueError:
            pass
    raise Invalid(f"{column} must be a day such as 2001-05-31.", field=column)


def moment(text: str, zone: str, *, column: str, at_end: bool = False) -> datetime:
    """A moment in ISO 8601, or a day in a zone: when it begins, or where it ends.

    :raises Invalid: if it is neither
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{column} must be such as 2026-05-31 or 2026-05-31T14:00:00Z.", field=column) from error
    if len(text) <= len("2026-05-31") and at_end:
        found = datetime.combine(found + timedelta(days=1), time.min)
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


def named_by(first: str, second: str) -> tuple[Callable[[Cells], Name | None], Callable[[Cells, Cells], bool]]:
    """`identity` and `continues` of things that one column names, or where that says nothing, another one.

    A line belongs to the thing above it if it names nothing else; vendors leave most cells of such lines empty.
    """

    def identity(cells: Cells) -> Name | None:
        return next(((column, cells[column]) for column in (first, second) if column in cells), None)

    def continues(head: Cells, cells: Cells) -> bool:
        told = [column for column in (first, second) if column in cells]
        return bool(told) and all(cells[column] == head.get(column) for column in told)

    return identity, continues


def cells_of(columns: Sequence[str], cells: Sequence[Any]) -> dict[str, str]:
    return {column: text for column, text in zip(columns, cells, strict=False) if column and text}
