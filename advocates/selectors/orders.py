"""Orders with their lines, and what became of the points that they earned."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from advocates.models import Order, OrderLine
from loyalty.kernel.errors import NotFound
from loyalty.models import Business
from loyalty.selectors import ledger as books


@dataclass(frozen=True, slots=True)
class Story:
    """An order, its lines, and the ledger's entries about it, oldest first."""

    order: Order
    lines: Sequence[OrderLine]
    entries: Sequence[Any]


def story(*, business: Business, order_id: str) -> Story:
    """:raises NotFound: if the business has no such order"""
    order = Order.objects.for_business(business).filter(external_id=order_id).first()
    if order is None:
        raise NotFound("order")
    lines = OrderLine.objects.for_business(business).filter(order=order).order_by("position")
    return Story(order, list(lines), entries_of(order))


def currency_of(*, business: Business, order_id: str) -> str:
    """:raises NotFound: if the business has no such order"""
    found = (
        Order.objects.for_business(business).filter(external_id=order_id).values_list("currency", flat=True).first()
    )
    if found is None:
        raise NotFound("order")
    return found


def entries_of(order: Order) -> Sequence[Any]:
    """The entries that an order made: what it earned, and what went back of that."""
    sources = [f"{order.action_id}:{each['ruleId']}" for each in order.earned if each["points"]]
    return books.entries_and_reversals(business=order.business, source_type="earn_rule", source_ids=sources)
