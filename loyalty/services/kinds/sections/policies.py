"""`policies`: what holds for the whole programme."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from loyalty.kernel import periods
from loyalty.models import Business
from loyalty.services.programme import Document, Part, Problem, Section


class PoliciesPart(Part):
    timezone: str = "UTC"
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")] = "EUR"
    users_on_first_event: bool = True  # whether an event of an unknown user lets them join


def export(business: Business) -> PoliciesPart:
    return PoliciesPart(
        timezone=business.timezone,
        currency=business.currency,
        users_on_first_event=business.users_on_first_event,
    )


def apply(business: Business, part: PoliciesPart) -> None:
    business.timezone, business.currency = part.timezone, part.currency
    business.users_on_first_event = part.users_on_first_event
    business.save(update_fields=["timezone", "currency", "users_on_first_event"])


def check(part: PoliciesPart, document: Document) -> Iterator[Problem]:
    if part.timezone not in periods.zones():
        yield Problem(path="policies.timezone", message="Name a time zone such as Europe/Berlin.")


SECTION = Section(key="policies", shape=PoliciesPart, export=export, apply=apply, check=check)
