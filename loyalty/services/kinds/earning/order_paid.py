"""An order that was paid: so many points per amount of what the rule is about, exactly; for each order, or piece."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec

from loyalty.kernel.errors import Invalid
from loyalty.kernel.money import digits_of, money
from loyalty.services.earn_terms import Terms
from loyalty.services.kinds.earning.base import Rates

TITLE = "Order paid"


class Line(msgspec.Struct, kw_only=True, rename="camel"):
    """One product of an order: what was paid for all its pieces, after discounts."""

    amount: str
    quantity: int = 1
    product_id: str = ""
    collections: list[str] = []


class Order(msgspec.Struct, kw_only=True, rename="camel"):
    """What earning needs to know of an order. What else its facts hold is for conditions."""

    currency: str
    lines: list[Line]


def checked(terms: Terms) -> Terms:
    """:raises Invalid: if amounts have no currency, or money that their currency does not have"""
    earn = terms.earn
    if earn.per is not None and earn.each != "order":
        raise Invalid("Points are per amount, or for each piece: leave out one of the two.", field="earn.each")
    if earn.currency is None and (earn.per is not None or Fraction(terms.min_spend) > 0):
        raise Invalid("Say in which currency the amounts are, such as EUR.", field="earn.currency")
    if earn.per is not None and money(earn.per, earn.currency or "", field="earn.per") == 0:
        raise Invalid("Points per nothing are not a number: earn.per must be above zero.", field="earn.per")
    money(terms.min_spend, earn.currency or "", field="minSpend")
    return terms


def base(terms: Terms, facts: Mapping[str, Any], rates: Rates) -> Fraction | str:
    """What an order is worth, exactly: its eligible amount over `per`, times the points; or those of an order, or of
    each eligible piece.
    """
    earn = terms.earn
    try:
        order = msgspec.convert(facts, Order)
        counting = [line for line in order.lines if is_eligible(terms, line)]
        eligible = Fraction(sum(_minor(order, line) for line in counting))
    except (msgspec.ValidationError, Invalid):
        return "no_order"
    if earn.currency is not None:
        rate = _rate(order.currency, earn.currency, rates)
        if rate is None:
            return "other_currency"
        eligible *= rate
        if eligible < money(terms.min_spend, earn.currency, field="minSpend"):
            return "below_min_spend"
    if earn.per is None:
        pieces = sum(line.quantity for line in counting if _minor(order, line))  # what was free gives nothing
        return Fraction(earn.points * (pieces if earn.each == "piece" else 1)) if eligible else "nothing_eligible"
    return eligible * earn.points / money(earn.per, earn.currency or "", field="earn.per")


def is_eligible(terms: Terms, line: Line) -> bool:
    """Whether a rule pays for a line: its product is in something included, and in nothing excluded."""
    collections = set(line.collections)
    if line.product_id in terms.exclude_products or not collections.isdisjoint(terms.exclude_collections):
        return False
    if not terms.include_products and not terms.include_collections:
        return True
    return line.product_id in terms.include_products or not collections.isdisjoint(terms.include_collections)


def _minor(order: Order, line: Line) -> int:
    return money(line.amount, order.currency, field="lines")


def _rate(paid: str, earned: str, rates: Rates) -> Fraction | None:
    """How many of the rule's minor units one of the order's is worth; None where nobody says."""
    if paid == earned:
        return Fraction(1)
    if paid not in rates or earned not in rates:
        return None
    return rates[paid] / rates[earned] * Fraction(10) ** (digits_of(earned) - digits_of(paid))
