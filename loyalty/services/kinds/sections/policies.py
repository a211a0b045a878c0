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


def export(business: Business) -> PoliciesPart:
    return PoliciesPart(timezone=business.timezone, currency=business.currency)


def apply(business: Business, part: PoliciesPart) -> None:
    business.timezone, business.currency = part.timezone, part.currency
    business.save(update_fields=["timezone", "currency"])


def check(part: PoliciesPart, document: Document) -> Iterator[Problem]:
    if part.timezone not in periods.zones():
        yield Problem(path="policies.timezone", message="Name a time zone such as Europe/Berlin.")


SECTION = Section(key="policies", shape=PoliciesPart, export=export, apply=apply, check=check)
