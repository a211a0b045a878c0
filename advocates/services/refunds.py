"""Money that went back, as a shop tells of it: each refund once, never more than was paid."""

from collections.abc import Collection, Mapping, Sequence
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


def is_whole(order: Order, lines: Sequence[OrderLine]) -> bool:
    """Whether all that was paid went back; of what cost nothing, all the pieces."""
    if order.total_minor:
        return order.refunded_minor == order.total_minor
    return all(line.refunded_quantity == line.quantity for line in lines)


def _cost_of_pieces(order: Order, lines: Collection[OrderLine]) -> int:
    """What all refunded pieces cost together: piece by piece comes to the same as all at once.

    Lines that do not show a discount come to more than was paid; then all of them cost as much less.
    """
    whole = sum(line.amount_minor for line in lines)
    refunded = sum(line.amount_minor * line.refunded_quantity // line.quantity for line in lines)
    return refunded * order.total_minor // whole if whole > order.total_minor else refunded


def _noted(order: Order, by_id: Mapping[str, OrderLine], told: Told, *, field: str, now: datetime) -> Refund:
    before = _cost_of_pieces(order, by_id.values())
    for place, (line_id, quantity) in enumerate(told.pieces.items()):
        line = by_id.get(line_id)
        if line is None:
            raise NotFound("line", field=f"{field}.lines.{place}.lineId")
        if line.refunded_quantity + quantity > line.quantity:
            message = f"Of this line {line.quantity - line.refunded_quantity} are left, and were not refunded before."
            raise TooMuch(message, field=f"{field}.lines.{place}.quantity")
        line.refunded_quantity += quantity
    amount = told.amount_minor
    if amount is None:
        amount = _cost_of_pieces(order, by_id.values()) - before
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
