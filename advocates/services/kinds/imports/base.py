"""What kinds of imports have in common: rows, and what cells may say."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from advocates.services.customers import UNKNOWN_YEAR
from loyalty.kernel.errors import DomainError, Invalid
from loyalty.models import Business

OURS = "laurel"  # the layout whose columns have our own names
DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})|(\d{1,2})/(\d{1,2})/(\d{4})|(\d{1,2})[/-](\d{1,2})")
WHOLE = re.compile(r"\d{1,16}|\d{1,3}(,\d{3}){1,5}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file: what its cells say, by our names of the columns; empty ones are left out."""

    line: int
    cells: Mapping[str, str]
    is_again: bool = False  # an earlier line names the same thing


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    error: DomainError


@dataclass(slots=True)
class Outcome:
    """What became of rows: how many things were new, how many known, and which were refused."""

    joined: int = 0
    known: int = 0
    points: int = 0
    problems: list[Problem] = field(default_factory=list)
    people_batch_id: UUID | None = None
    points_batch_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """For whom a part is brought, and how. `is_trial`: nothing will be left of it."""

    business: Business
    import_id: UUID
    author: str
    pays_signup: bool
    is_trial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    title: str
    columns: Sequence[str]
    required: Sequence[Sequence[str]]
    layouts: Mapping[str, Mapping[str, Sequence[str]]]
    identity: Callable[[Mapping[str, str]], tuple[str, str] | None]
    bring: Callable[[Job, Sequence[Row]], Outcome]


def whole_number(text: str, *, column: str) -> int:
    """`1250`, `1,250` or `1250.00`.

    :raises Invalid: if it is no whole number from 0
    """
    digits = re.sub(r"\.0+\Z", "", text)
    if not WHOLE.fullmatch(digits):
        raise Invalid(f"{column} must be a whole number such as 1250.", field=column)
    return int(digits.replace(",", ""))


def day(text: str, *, column: str) -> date:
    """`2001-05-31`, `5/31/2001`, or without a year `5/31` and `05-31`.

    :raises Invalid: if it is no day
    """
    found = DATE.fullmatch(text)
    if found:
        a, b, c, month, of_month, year, month_alone, day_alone = (int(part or 0) for part in found.groups())
        try:
            return date(a or year or UNKNOWN_YEAR, b or month or month_alone, c or of_month or day_alone)
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


def cells_of(columns: Sequence[str], cells: Sequence[Any]) -> dict[str, str]:
    return {column: text for column, text in zip(columns, cells, strict=False) if column and text}
