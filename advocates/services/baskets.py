"""What an order says that was bought and paid, and what it comes to, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from advocates.models import OrderLine
from advocates.services.details import Details
from advocates.services.refunds import Told as Refunded

LINES_DIFFER = "lines_do_not_add_up"
TOTALS_DIFFER = "totals_do_not_add_up"
EDITED = "edited_after_points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many pieces of a product; amounts in minor units, `discount_minor` of all pieces."""

    external_id: str
    quantity: int
    price_minor: int
    discount_minor: int = 0
    product_id: str = ""
    variant_id: str = ""
    sku: str = ""

    @property
    def price_of_all(self) -> int:
        return self.quantity * self.price_minor

    @property
    def amount(self) -> int:
        return max(0, self.price_of_all - self.discount_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who bought: known by the shop's own id, or by their address. `details` are for whoever joins by it."""

    external_id: str | None = None
    email: str | None = None
    details: Details = field(default_factory=lambda: Details())


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """One order as a call tells of it. Amounts in minor units; `subtotal_minor` is what the goods cost."""

    external_id: str
    buyer: Buyer
    currency: str
    total_minor: int
    status: str
    fingerprint: bytes
    number: str = ""
    subtotal_minor: int
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    discount_codes: Sequence[str] = ()
    referral_code: str = ""
    lines: Sequence[Line] = ()
    refunds: Sequence[Refunded] = ()  # of an order of the past
    placed_at: datetime

    def flags(self) -> list[str]:
        """What does not add up. Shops tell prices with and without tax, and subtotals before and after discounts."""
        before = sum(line.price_of_all for line in self.lines)
        after = sum(self.amounts())
        goods = self.subtotal_minor + self.shipping_minor
        totals = {goods - discount + tax for discount in (0, self.discount_minor) for tax in (0, self.tax_minor)}
        flags = [LINES_DIFFER] if self.lines and self.subtotal_minor not in (before, after) else []
        return flags + ([] if self.total_minor in totals else [TOTALS_DIFFER])

    def amounts(self) -> list[int]:
        """What was paid for each line: what `discount_minor` has beyond the lines' own discounts is spread."""
        amounts = [line.amount for line in self.lines]
        rest = self.discount_minor - sum(line.discount_minor for line in self.lines)
        return [amount - part for amount, part in zip(amounts, spread(rest, amounts), strict=True)]

    def order_lines(self) -> list[OrderLine]:
        """The lines as they are kept. An order without lines has one, of all that its goods cost."""
        if not self.lines:
            amount = max(0, min(self.subtotal_minor - self.discount_minor, self.total_minor))
            return [OrderLine(external_id="", position=0, quantity=1, price_minor=amount, amount_minor=amount)]
        return [
            OrderLine(
                external_id=line.external_id,
                position=position,
                product_id=line.product_id,
                variant_id=line.variant_id,
                sku=line.sku,
                quantity=line.quantity,
                price_minor=line.price_minor,
                discount_minor=line.discount_minor,
                amount_minor=amount,
            )
            for position, (line, amount) in enumerate(zip(self.lines, self.amounts(), strict=True))
        ]


def spread(rest: int, amounts: Sequence[int]) -> list[int]:
    """`rest` in proportion to the amounts, exactly: the parts add up to it, and none is more than its amount."""
    whole = sum(amounts)
    rest = max(0, min(rest, whole))
    parts, given, so_far = [], 0, 0
    for amount in amounts:
        so_far += amount
        upto = rest * so_far // whole if whole else 0
        parts.append(upto - given)
        given = upto
    return parts
