"""Orders as a shop's system tells of them, and as they are answered. Money comes in and goes out in major units."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from msgspec import Meta, field

from advocates.api import examples
from advocates.api.customer_shapes import CustomerBody
from advocates.api.shapes import TransactionShape
from advocates.models import Order, OrderLine
from advocates.selectors.orders import Story
from advocates.services import refunds
from advocates.services.baskets import Basket, Buyer, Line
from advocates.services.details import Details
from advocates.services.orders import Outcome
from loyalty.api import types
from loyalty.api.parsing import Body, canonical
from loyalty.api.views import Shape
from loyalty.kernel.errors import Invalid
from loyalty.kernel.money import currency_code, money, money_text
from loyalty.services.ledger import POINTS

ShopId = types.ExternalId
Text128 = Annotated[str, Meta(max_length=128)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Status = Literal[
    "authorized",
    "pending",
    "paid",
    "partially_paid",
    "refunded",
    "partially_refunded",
    "voided",
    "expired",
]


class OrderCustomer(CustomerBody, kw_only=True):
    external_id: ShopId | None = None

    def buyer(self) -> Buyer:
        """:raises Invalid: if nobody is named"""
        told = self.details()
        email = told.pop("email", None) or None
        if self.external_id is None and email is None:
            raise Invalid("Say who bought: customer.externalId or customer.email.", field="customer.externalId")
        details: Details = told
        return Buyer(external_id=self.external_id, email=email, details=details)


class LineBody(Body, kw_only=True):
    id: ShopId
    product_id: Text128 = ""
    variant_id: Text128 = ""
    sku: Text128 = ""
    quantity: Quantity = 1
    price: types.Money
    discount: types.Money = field(default_factory=lambda: types.Money(0))

    def line(self, currency: str, place: str) -> Line:
        return Line(
            external_id=self.id,
            product_id=self.product_id,
            variant_id=self.variant_id,
            sku=self.sku,
            quantity=self.quantity,
            price_minor=money(self.price, currency, field=f"{place}.price"),
            discount_minor=money(self.discount, currency, field=f"{place}.discount"),
        )


class OrderBody(Body, kw_only=True):
    id: ShopId
    number: Annotated[str, Meta(max_length=64)] = ""
    customer: OrderCustomer
    currency: Currency | None = None
    subtotal: types.Money | None = None
    discount_total: types.Money = field(default_factory=lambda: types.Money(0))
    shipping_total: types.Money = field(default_factory=lambda: types.Money(0))
    tax_total: types.Money = field(default_factory=lambda: types.Money(0))
    total: types.Money
    financial_status: Status
    discount_codes: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=50)] = []
    lines: Annotated[list[LineBody], Meta(max_length=500)] = []
    referral_code: Annotated[str, Meta(max_length=60)] | None = None
    created_at: types.Timestamp | None = None

    def basket(self, *, currency: str, now: datetime) -> Basket:
        """What was bought; `currency` is for whoever names none.

        :raises Invalid: naming an amount or a currency that is none, or a line that comes twice
        """
        code = currency_code(self.currency or currency)
        seen = {line.id for line in self.lines}
        if len(seen) < len(self.lines):
            raise Invalid("Two lines have the same id.", field="lines")
        total, discount, shipping, tax = (
            money(getattr(self, name), code, field=spelled)
            for name, spelled in (
                ("total", "total"),
                ("discount_total", "discountTotal"),
                ("shipping_total", "shippingTotal"),
                ("tax_total", "taxTotal"),
            )
        )
        goods = max(0, total - shipping - tax + discount)
        return Basket(
            external_id=self.id,
            number=self.number,
            buyer=self.customer.buyer(),
            currency=code,
            subtotal_minor=goods if self.subtotal is None else money(self.subtotal, code, field="subtotal"),
            discount_minor=discount,
            shipping_minor=shipping,
            tax_minor=tax,
            total_minor=total,
            status=self.financial_status,
            discount_codes=[code for code in self.discount_codes if code],
            referral_code=self.referral_code or "",
            lines=[line.line(code, f"lines.{number}") for number, line in enumerate(self.lines)],
            placed_at=self.created_at or now,
            fingerprint=sha256(canonical(self)).digest(),
        )


class RefundedLine(Body, kw_only=True):
    line_id: ShopId
    quantity: Quantity = 1


class RefundBody(Body, kw_only=True):
    id: ShopId
    amount: types.Money | None = None
    lines: Annotated[list[RefundedLine], Meta(max_length=500)] = []

    def told(self, currency: str, place: str) -> refunds.Told:
        """:raises Invalid: if it says neither how much nor of what"""
        if self.amount is None and not self.lines:
            raise Invalid("Say how much was refunded, or which lines.", field=f"{place}.amount")
        pieces: dict[str, int] = {}
        for line in self.lines:
            pieces[line.line_id] = pieces.get(line.line_id, 0) + line.quantity
        amount = None if self.amount is None else money(self.amount, currency, field=f"{place}.amount")
        return refunds.Told(external_id=self.id, amount_minor=amount, pieces=pieces)


class ChangedOrder(Body):
    financial_status: Status | None = None
    refunds: Annotated[list[RefundBody], Meta(max_length=100)] = []


class LineShape(Shape):
    example = examples.ORDER_LINE

    id: str
    product_id: str | None
    variant_id: str | None
    sku: str | None
    quantity: int
    refunded_quantity: int
    price: str
    discount: str
    amount: str

    @classmethod
    def of(cls, line: OrderLine, currency: str) -> Self:
        return cls(
            id=line.external_id,
            product_id=line.product_id or None,
            variant_id=line.variant_id or None,
            sku=line.sku or None,
            quantity=line.quantity,
            refunded_quantity=line.refunded_quantity,
            price=money_text(line.price_minor, currency),
            discount=money_text(line.discount_minor, currency),
            amount=money_text(line.amount_minor, currency),
        )


class RuleSaid(Shape):
    example = examples.RULE_SAID

    rule_id: UUID
    key: str
    title: str
    points: int
    metric: str
    reason: str | None
    caps: list[str]


class OrderShape(Shape):
    example = examples.ORDER

    id: str
    number: str | None
    customer_id: UUID
    currency: str
    subtotal: str
    discount_total: str
    shipping_total: str
    tax_total: str
    total: str
    refunded_total: str
    financial_status: str
    discount_codes: list[str]
    referral_code: str | None
    lines: list[LineShape]
    flags: list[str]
    points_earned: int
    qualified_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, order: Order, lines: Sequence[OrderLine], **more: Any) -> Self:
        def text(minor: int) -> str:
            return money_text(minor, order.currency)

        return cls(
            id=order.external_id,
            number=order.number or None,
            customer_id=order.advocate_id,
            currency=order.currency,
            subtotal=text(order.subtotal_minor),
            discount_total=text(order.discount_minor),
            shipping_total=text(order.shipping_minor),
            tax_total=text(order.tax_minor),
            total=text(order.total_minor),
            refunded_total=text(order.refunded_minor),
            financial_status=order.status,
            discount_codes=order.discount_codes,
            referral_code=order.referral_code or None,
            lines=[LineShape.of(line, order.currency) for line in lines if line.external_id],
            flags=order.flags,
            points_earned=order.points_earned,
            qualified_at=order.qualified_at,
            created_at=order.placed_at,
            updated_at=order.updated_at,
            **more,
        )


class ToldOrder(OrderShape):
    breakdown: list[RuleSaid]
    points_reversed: int
    transactions: list[TransactionShape]

    @classmethod
    def of_story(cls, story: Story) -> Self:
        order, entries = story.order, [TransactionShape.of_entry(entry) for entry in story.entries]
        return cls.of(
            order,
            story.lines,
            breakdown=breakdown(order),
            points_reversed=-sum(entry.amount for entry in entries if entry.amount < 0 and entry.metric == POINTS),
            transactions=entries,
        )


class OneOrder(Shape):
    order: ToldOrder


class OrderTaken(Shape):
    example = {"pointsAwarded": 210}

    order: OrderShape
    points_awarded: int
    breakdown: list[RuleSaid]

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        return cls(
            order=OrderShape.of(outcome.order, outcome.lines),
            points_awarded=outcome.points_awarded,
            breakdown=breakdown(outcome.order),
        )


class OrderChanged(Shape):
    example = {"pointsAwarded": 0, "pointsReversed": 70}

    order: OrderShape
    points_awarded: int
    points_reversed: int

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        return cls(
            order=OrderShape.of(outcome.order, outcome.lines),
            points_awarded=outcome.points_awarded,
            points_reversed=outcome.points_reversed,
        )


def breakdown(order: Order) -> list[RuleSaid]:
    """What each rule said of the order when it qualified."""
    return [
        RuleSaid(
            rule_id=UUID(said["ruleId"]),
            key=said["key"],
            title=said["title"],
            points=said["points"],
            metric=said.get("metric", POINTS),
            reason=said["reason"],
            caps=said["caps"],
        )
        for said in order.earned
    ]
