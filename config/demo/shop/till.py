"""What a basket costs: products, shipping, and what a coupon takes off. Money is in cents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from config.demo.shop.catalogue import CURRENCY, FREE_SHIPPING_FROM, POINTS_PER_EURO, PRODUCTS, SHIPPING

MOST_OF_ONE = 99


class Refused(Exception):
    """One sentence for the customer."""


@dataclass(frozen=True)
class Coupon:
    """What a customer bought with points. `order` is where it was used."""

    code: str
    type: str
    value: str | None = None
    currency: str | None = None
    order: str | None = None
    is_cancelled: bool = False


@dataclass(frozen=True)
class Line:
    sku: str
    name: str
    quantity: int
    price: int


@dataclass(frozen=True)
class Bill:
    lines: list[Line]
    subtotal: int
    shipping: int
    discount: int
    total: int
    points: int
    coupon: str | None


def bill(items: Mapping[str, int], coupon: Coupon | None) -> Bill:
    """Add up a basket.

    :raises Refused: if there is nothing in it, or the coupon does not work here
    """
    lines = [_line(sku, quantity) for sku, quantity in items.items()]
    if not lines:
        raise Refused("Your basket is empty.")
    subtotal = sum(line.price for line in lines)
    shipping = 0 if subtotal >= FREE_SHIPPING_FROM else SHIPPING
    discount = _discount(coupon, subtotal, shipping) if coupon else 0
    total = subtotal + shipping - discount
    return Bill(
        lines=lines,
        subtotal=subtotal,
        shipping=shipping,
        discount=discount,
        total=total,
        points=max(subtotal - discount, 0) * POINTS_PER_EURO // 100,
        coupon=coupon.code if coupon else None,
    )


def _line(sku: str, quantity: int) -> Line:
    product = PRODUCTS.get(sku)
    if product is None:
        raise Refused("We do not sell this.")
    if type(quantity) is not int or not 1 <= quantity <= MOST_OF_ONE:
        raise Refused(f"Order between 1 and {MOST_OF_ONE} of each product.")
    return Line(sku, product.name, quantity, product.price * quantity)


def _discount(coupon: Coupon, subtotal: int, shipping: int) -> int:
    if coupon.is_cancelled:
        raise Refused("This coupon was given back, and its points are on the account again.")
    if coupon.order:
        raise Refused(f"This coupon was used for order {coupon.order}.")
    if coupon.type not in DISCOUNTS:
        raise Refused("This coupon is for the counter of our café: show it there.")
    return DISCOUNTS[coupon.type](coupon, subtotal, shipping)


def _amount(coupon: Coupon, subtotal: int, shipping: int) -> int:
    if coupon.currency != CURRENCY:
        raise Refused(f"This coupon is in {coupon.currency}; we sell in {CURRENCY}.")
    return min(_cents(Decimal(coupon.value or 0)), subtotal)


def _percentage(coupon: Coupon, subtotal: int, shipping: int) -> int:
    return _cents(Decimal(subtotal).scaleb(-2) * Decimal(coupon.value or 0).scaleb(-2))


def _free_shipping(coupon: Coupon, subtotal: int, shipping: int) -> int:
    return shipping


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(2).to_integral_value(ROUND_HALF_UP))


DISCOUNTS: Mapping[str, Callable[[Coupon, int, int], int]] = {
    "amount_discount": _amount,
    "percentage_discount": _percentage,
    "free_shipping": _free_shipping,
}
