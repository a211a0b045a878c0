"""Money that went back, as a shop tells of it: each refund once, never more than was paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from advocates.models import Order, OrderLine, Refund
from loyalty.kernel.errors import Invalid, NotFound


class TooMuch(Invalid):
    """More would go back than there was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A refund under the shop's own id: pieces by the id of their line. No amount: what these pieces cost."""

    external_id: str
    amount_minor: int | None = None
    pieces: Mapping[str, int] = field(default_factory=dict)


def note(
    order: Order, lines: Sequence[OrderLine], told: Sequence[Told], *, known: set[str], now: datetime
) -> list[Refund]:
    """Count refunds that are new on an order and its lines, which the caller saves; answer them as they are kept.

    :raises NotFound: naming a line that the order does not have
    :raises TooMuch: naming an amount, or pieces, beyond what there was
    """
    by_id = {line.external_id: line for line in lines}
    made = []
    for number, one in enumerate(told):
        if one.external_id not in known:
            known.add(one.external_id)
            made.append(_noted(order, by_id, one, field=f"refunds.{number}", now=now))
    return made


def _cost(line: OrderLine) -> int:
    """What its refunded pieces cost together: piece by piece comes to the same as all at once."""
    return line.amount_minor * line.refunded_quantity // line.quantity


def _noted(order: Order, by_id: Mapping[str, OrderLine], told: Told, *, field: str, now: datetime) -> Refund:
    worth = 0
    for place, (line_id, quantity) in enumerate(told.pieces.items()):
        line = by_id.get(line_id)
        if line is None:
            raise NotFound("line", field=f"{field}.lines.{place}.lineId")
        if line.refunded_quantity + quantity > line.quantity:
            message = f"Of this line {line.quantity - line.refunded_quantity} are left, and were not refunded before."
            raise TooMuch(message, field=f"{field}.lines.{place}.quantity")
        before = _cost(line)
        line.refunded_quantity += quantity
        worth += _cost(line) - before
    amount = worth if told.amount_minor is None else told.amount_minor
    if order.refunded_minor + amount > order.total_minor:
        raise TooMuch("More would be refunded than was paid for the order.", field=f"{field}.amount")
    order.refunded_minor += amount
    if not told.pieces:
        order.unassigned_minor += amount
    return Refund(
        business_id=order.business_id,
        order=order,
        external_id=told.external_id,
        amount_minor=amount,
        lines=dict(told.pieces),
        created_at=now,
    )
