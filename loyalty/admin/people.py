"""Who an account is. The engine does not know people; the app that does says here how to find their names."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from loyalty.admin import seats
from loyalty.models import Business


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    url: str


Find = Callable[[Business, Collection[UUID]], Mapping[UUID, Person]]

_finders: list[Find] = []


def register(find: Find) -> None:
    """Let `find` name the people of a page of accounts, in one query."""
    _finders.append(find)


def of(request: HttpRequest, account_ids: Collection[UUID]) -> dict[UUID, Person]:
    business = seats.business_of(request)
    found: dict[UUID, Person] = {}
    if business is not None:
        for find in _finders:
            found |= find(business, account_ids)
    return found
