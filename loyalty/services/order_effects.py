"""What an order does elsewhere. Orders know nothing of coupons and friends: whoever does registers here.

An effect first says whose accounts it will touch, so that all are locked at once; then it happens, in the transaction
of the order, under these locks.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from loyalty.models import Business

Moment = Literal["qualified", "closed"]  # it earns; or nothing of it is left: refunded, voided


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """An order as effects see it. `order_id` is the shop's own."""

    order_id: str
    account_id: UUID
    total_minor: int
    currency: str
    discount_codes: Sequence[str] = ()
    referral_code: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will happen: `act` is given the business as it is then, and the ids of the orders to which it came."""

    account_ids: Collection[UUID]
    act: Callable[[Business, Collection[str]], None]


Foresee = Callable[[Business, Sequence[Purchase]], Plan | None]

_effects: dict[Moment, list[Foresee]] = {"qualified": [], "closed": []}


def register(moment: Moment, foresee: Foresee) -> None:
    """Let `foresee` plan for a page of orders, in a query or two. None: nothing will happen."""
    _effects[moment].append(foresee)


def plans(moment: Moment, purchases: Sequence[Purchase], *, business: Business) -> list[Plan]:
    """What may come of these orders."""
    if not purchases:
        return []
    return [plan for foresee in _effects[moment] if (plan := foresee(business, purchases))]
