"""`policies`: what holds for the whole programme."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

import msgspec

from loyalty.kernel import periods
from loyalty.models import Business
from loyalty.services.programme import Document, Part, Problem, Section

Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Rate = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$(?!\n)")]  # a decimal, never a float
Status = Literal["pending", "authorized", "partially_paid", "paid"]
Statuses = Annotated[list[Status], msgspec.Meta(min_length=1, max_length=4)]


class PoliciesPart(Part):
    timezone: str = "UTC"
    currency: Currency = "EUR"
    users_on_first_event: bool = True  # whether an event of an unknown user lets them join
    qualifying_statuses: Statuses = msgspec.field(default_factory=lambda: ["paid"])
    refund_deficit: Literal["pending_only", "to_zero", "negative"] = "to_zero"
    refund_coupons: Literal["keep", "give_back"] = "keep"
    rates: dict[Currency, Rate] = {}


FIELDS = PoliciesPart.__struct_fields__


def export(business: Business) -> PoliciesPart:
    return PoliciesPart(**{name: getattr(business, name) for name in FIELDS})


def apply(business: Business, part: PoliciesPart) -> None:
    for name in FIELDS:
        setattr(business, name, getattr(part, name))
    business.save(update_fields=FIELDS)


def check(part: PoliciesPart, document: Document) -> Iterator[Problem]:
    if part.timezone not in periods.zones():
        yield Problem(path="policies.timezone", message="Name a time zone such as Europe/Berlin.")
    for currency, rate in part.rates.items():
        if Fraction(rate) == 0:
            yield Problem(path=f"policies.rates.{currency}", message="A rate is above zero, such as 0.92.")


SECTION = Section(key="policies", shape=PoliciesPart, export=export, apply=apply, check=check)
