"""Figures above a row's fields and tables below. An app may add a table to the page of an app that it stands on."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Figure:
    title: str
    value: object
    note: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled table; `empty` says what its absence of rows means."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[object]]
    empty: str
    more_url: str = ""
    more: str = "Show all"

    @property
    def table(self) -> dict[str, Sequence[object]]:
        return {"headers": self.headers, "rows": self.rows}


def table(title: str, columns: Sequence[Callable[[Any], object]], rows: Iterable[Any], **rest: str) -> Panel:
    """A panel out of the columns that the rows' own list has."""
    headers = [str(vars(column)["short_description"]) for column in columns]
    return Panel(title, headers, [[column(row) for column in columns] for row in rows], **rest)


Build = Callable[[HttpRequest, Any], Panel]

_added: dict[str, list[Build]] = defaultdict(list)


def add(label: str, build: Build) -> None:
    """Show a panel on the pages of the model `label`, such as `advocates.Advocate`."""
    _added[label].append(build)


def added_to(label: str, request: HttpRequest, obj: object) -> list[Panel]:
    return [build(request, obj) for build in _added[label]]
