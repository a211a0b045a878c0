"""What people have bought: each order is a row, or several below each other, a row for each of its lines.

An order that is known stays as it is. It is kept without earning, unless rules are let pay; they do as on its own day.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self, cast
from uuid import UUID

import msgspec
from msgspec import Meta

from advocates.models import Order
from advocates.services import details as known
from advocates.services import past_orders, refunds
from advocates.services.baskets import Basket, Buyer, Line
from advocates.services.details import Details
from advocates.services.kinds.imports.base import (
    OURS,
    Job,
    Kind,
    Outcome,
    Problem,
    Row,
    moment,
    named_by,
    read_each,
    refusing,
)
from advocates.services.order_points import Sale
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError, Invalid
from loyalty.kernel.money import currency_code, money
from loyalty.kernel.shapes import ExternalId, to_struct
from loyalty.models import Business

MOST_LINES = 500
REFUND = "import"  # what the refund is called that an order comes with
NOTHING = Decimal(0)
PERSON = {"externalId": "external_id", "email": "email", "firstName": "first_name", "lastName": "last_name"}
ShortText = Annotated[str, Meta(max_length=128)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
identity, continues = named_by("id", "number")


class Head(msgspec.Struct, kw_only=True, rename="camel"):
    """What an order's first row says of it."""

    id: ExternalId | None = None
    number: Annotated[str, Meta(max_length=64)] = ""
    currency: str | None = None
    subtotal: Decimal | None = None
    discount_total: Decimal = NOTHING
    shipping_total: Decimal = NOTHING
    tax_total: Decimal = NOTHING
    total: Decimal
    refunded_total: Decimal = NOTHING
    financial_status: str = Order.Status.PAID
    discount_codes: str = ""
    created_at: str | None = None


class Piece(msgspec.Struct, kw_only=True, rename="camel"):
    """What a row says of the line of an order."""

    line_id: ExternalId | None = None
    product_id: ShortText = ""
    variant_id: ShortText = ""
    sku: ShortText = ""
    quantity: Quantity = 1
    price: Decimal
    discount: Decimal = NOTHING

    def line(self, currency: str, number: int) -> Line:
        """The line, called by its place in the order if it has no id."""
        return Line(
            external_id=self.line_id or str(number),
            product_id=self.product_id,
            variant_id=self.variant_id,
            sku=self.sku,
            quantity=self.quantity,
            price_minor=money(self.price, currency, field="price"),
            discount_minor=money(self.discount, currency, field="discount"),
        )

    @classmethod
    def of(cls, row: Row) -> Self:
        return to_struct(row.cells, cls, strict=False)


OF_ORDERS = tuple(field.encode_name for field in msgspec.structs.fields(Head))
OF_LINES = tuple(field.encode_name for field in msgspec.structs.fields(Piece))
COLUMNS = (*OF_ORDERS[:2], *PERSON, *OF_ORDERS[2:], *OF_LINES)
LAYOUTS: Mapping[str, Mapping[str, Sequence[str]]] = {
    OURS: {column: (column.lower(),) for column in COLUMNS},
    "shopify": {
        "id": ("id",),
        "number": ("name",),
        "email": ("email",),
        "currency": ("currency",),
        "subtotal": ("subtotal",),
        "discountTotal": ("discount amount",),
        "shippingTotal": ("shipping",),
        "taxTotal": ("taxes",),
        "total": ("total",),
        "refundedTotal": ("refunded amount",),
        "financialStatus": ("financial status",),
        "discountCodes": ("discount code",),
        "createdAt": ("created at",),
        "sku": ("lineitem sku",),
        "quantity": ("lineitem quantity",),
        "price": ("lineitem price",),
        "discount": ("lineitem discount",),
    },
}


def bring(job: Job, rows: Sequence[Row]) -> Outcome:
    """Keep those orders that are not known, and let their buyers join who are not."""
    outcome = Outcome()
    read = read_each(rows, lambda row: _basket(job.business, row), outcome)
    baskets = [basket for _, basket in read]
    kept = past_orders.keep(business=job.business, baskets=baskets, pays=job.pays) if baskets else []
    for (row, _), sale in zip(read, kept, strict=True):
        if isinstance(sale, DomainError):
            outcome.problems.append(Problem(row.line, sale))
    _count([sale for sale in kept if isinstance(sale, Sale)], outcome)
    return outcome


def undo(business: Business, made: Mapping[str, Any]) -> int:
    """What they earned goes back, as after a whole refund; people stay. Answers how much could not be undone."""
    return past_orders.remove(business=business, order_ids=[UUID(pk) for pk in made.get("orders", ())])


def _count(kept: Sequence[Sale], outcome: Outcome) -> None:
    made = [sale for sale in kept if sale.is_new]
    outcome.new, outcome.known = len(made), len(kept) - len(made)
    outcome.points = sum(sale.points_awarded - sale.points_reversed for sale in made)
    for sale in made:
        outcome.money[sale.order.currency] += sale.order.total_minor
    outcome.made["orders"] = [str(sale.order.pk) for sale in made]


def _basket(business: Business, row: Row) -> Basket:
    head = to_struct(row.cells, Head, strict=False)
    currency = currency_code(head.currency or business.currency)
    sums = _sums(head, currency)
    goods = max(0, sums["total"] - sums["shippingTotal"] - sums["taxTotal"] + sums["discountTotal"])
    refunded = sums["refundedTotal"]
    return Basket(
        external_id=head.id or head.number,
        number=head.number,
        buyer=_buyer(business, row),
        currency=currency,
        subtotal_minor=goods if head.subtotal is None else money(head.subtotal, currency, field="subtotal"),
        discount_minor=sums["discountTotal"],
        shipping_minor=sums["shippingTotal"],
        tax_minor=sums["taxTotal"],
        total_minor=sums["total"],
        status=_status(head.financial_status),
        discount_codes=[name[:64] for name in head.discount_codes.replace(",", " ").split()],
        lines=_lines(row, currency),
        refunds=[refunds.Told(external_id=REFUND, amount_minor=refunded)] if refunded else [],
        placed_at=_placed_at(business, head),
        fingerprint=b"",
    )


def _sums(head: Head, currency: str) -> dict[str, int]:
    """:raises Invalid: if one of them is no amount, or more was refunded than paid"""
    told = {
        "total": head.total,
        "discountTotal": head.discount_total,
        "shippingTotal": head.shipping_total,
        "taxTotal": head.tax_total,
        "refundedTotal": head.refunded_total,
    }
    sums = {column: money(amount, currency, field=column) for column, amount in told.items()}
    if sums["refundedTotal"] > sums["total"]:
        raise Invalid("More was refunded than paid.", field="refundedTotal")
    return sums


def _lines(head: Row, currency: str) -> list[Line]:
    lines: list[Line] = []
    for row in (head, *head.more):
        if any(column in row.cells for column in OF_LINES):
            with refusing(row):
                lines.append(Piece.of(row).line(currency, len(lines) + 1))
                _check(lines)
    return lines


def _check(lines: Sequence[Line]) -> None:
    if len(lines) > MOST_LINES:
        raise Invalid(f"An order has at most {MOST_LINES} lines.", field="lineId")
    if lines[-1].external_id in {line.external_id for line in lines[:-1]}:
        raise Invalid("Two lines of this order have the same id.", field="lineId")


def _status(text: str) -> str:
    found = text.strip().lower().replace(" ", "_")
    if found not in Order.Status.values:
        raise Invalid(f"financialStatus is one of {', '.join(Order.Status.values)}.", field="financialStatus")
    return found


def _buyer(business: Business, row: Row) -> Buyer:
    if "externalId" not in row.cells and "email" not in row.cells:
        raise Invalid("Say who bought: externalId or email.", field="externalId")
    told = cast("Details", {ours: row.cells[name] for name, ours in PERSON.items() if name in row.cells})
    known.check(told, today=clock.now(business).date())
    external_id, email = told.pop("external_id", None), told.pop("email", None)
    return Buyer(external_id=external_id, email=email, details=told)


def _placed_at(business: Business, head: Head) -> datetime:
    now = clock.now(business)
    at = moment(head.created_at, business.timezone, column="createdAt") if head.created_at else now
    if at > now:
        raise Invalid("createdAt must not lie in the future.", field="createdAt")
    return at


KIND = Kind(
    title="Orders",
    known="stay as they are",
    undoing="Its orders go, and what they earned. Those that the shop has told of since stay, and so do people.",
    columns=COLUMNS,
    required=[("id", "number"), ("externalId", "email"), ("total",)],
    layouts=LAYOUTS,
    identity=identity,
    bring=bring,
    undo=undo,
    pays="orders",
    continues=continues,
)
