"""An order that was paid: so many points per amount of money, exactly, of what the rule does not exclude."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec

from loyalty.kernel.errors import Invalid
from loyalty.kernel.money import money
from loyalty.services.earn_terms import Terms

TITLE = "Order paid"


class Line(msgspec.Struct, kw_only=True, rename="camel"):
    """One product of an order: what was paid for all its pieces, after discounts."""

    amount: str
    product_id: str = ""
    collections: list[str] = []


class Order(msgspec.Struct, kw_only=True, rename="camel"):
    """What earning needs to know of an order. What else its facts hold is for conditions."""

    currency: str
    lines: list[Line]


def checked(terms: Terms) -> Terms:
    """:raises Invalid: if it does not say per how much of which currency, or money that its currency does not have"""
    earn = terms.earn
    if earn.per is None:
        raise Invalid("order_paid earns points per amount: say per how much, such as 1.00.", field="earn.per")
    if earn.currency is None:
        raise Invalid("Say in which currency the amounts are, such as EUR.", field="earn.currency")
    if money(earn.per, earn.currency, field="earn.per") == 0:
        raise Invalid("Points per nothing are not a number: earn.per must be above zero.", field="earn.per")
    money(terms.min_spend, earn.currency, field="minSpend")
    return terms


def base(terms: Terms, facts: Mapping[str, Any]) -> Fraction | str:
    """What an order is worth, exactly: its eligible amount over `per`, times the points."""
    earn = terms.earn
    currency = earn.currency or ""  # it was checked: it has one
    per = money(earn.per or "", currency, field="earn.per")
    try:
        order = msgspec.convert(facts, Order)
        if order.currency != currency:
            return "other_currency"
        eligible = _eligible(order, terms)
    except (msgspec.ValidationError, Invalid):
        return "no_order"
    if eligible < money(terms.min_spend, currency, field="minSpend"):
        return "below_min_spend"
    return Fraction(eligible * earn.points, per)


def _eligible(order: Order, terms: Terms) -> int:
    """In minor units: what was paid for products that are in nothing excluded."""
    collections = set(terms.exclude_collections)
    return sum(
        money(line.amount, order.currency, field="lines")
        for line in order.lines
        if line.product_id not in terms.exclude_products and collections.isdisjoint(line.collections)
    )
