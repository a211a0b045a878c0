"""What orders earn, and what refunds take back of it. Callers hold the locks of the customers' accounts.

Of what a rule paid, as large a part goes back as was refunded of what it paid for, rounded down; all of it when
nothing is left. What is due follows from all the refunds together, so their order does not matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec

from advocates.models import Order, OrderLine
from loyalty.kernel.money import money_text
from loyalty.models import Business
from loyalty.selectors import ledger as books
from loyalty.services import ladders, postings
from loyalty.services.intake import Intake
from loyalty.services.kinds.earning import order_paid
from loyalty.services.ledger import POINTS, Source
from loyalty.services.payouts import Payout
from loyalty.services.postings import Taking
from loyalty.services.progress import Past
from loyalty.services.reports import Report, Taken

PAID = "order_paid"
REFUNDED = "order_refunded"
STAGES: Sequence[str] = Order.Status.values  # in the order in which orders go through them


@dataclass(slots=True, eq=False)
class Sale:
    """An order that a call has changed, with its lines; what was due to go back before, and what the call moved."""

    order: Order
    lines: Sequence[OrderLine]
    is_new: bool = False
    has_new_lines: bool = False
    due_before: Mapping[str, int] = field(default_factory=dict)
    points_awarded: int = 0
    points_reversed: int = 0
    past: Past | None = None

    @property
    def points_left(self) -> int:
        """What it earned, and was not due to go back before."""
        return self.order.points_earned - sum(self.due_before.values())


def later(one: str, other: str) -> str:
    """The one of two statuses that an order comes to later."""
    return max(one, other, key=STAGES.index)


def reaches(status: str, wanted: Sequence[str]) -> bool:
    """Whether an order with this status has come to one that counts."""
    return status not in Order.CLOSED and STAGES.index(status) >= min(STAGES.index(each) for each in wanted)


def due(order: Order, lines: Sequence[OrderLine]) -> dict[str, int]:
    """How much of what each rule paid is to be taken back by now, in all."""
    parts = refunded_parts(order, lines)
    return {each["ruleId"]: _due_of(each, lines, parts, order) for each in order.earned if each["points"]}


def refunded_parts(order: Order, lines: Sequence[OrderLine]) -> dict[str, Fraction]:
    """Which part of each line is refunded: the pieces that were named; of the rest, as much as of the rest's money."""
    if order.is_closed:
        return {line.external_id: Fraction(1) for line in lines}
    rest = order.total_minor - order.refunded_minor + order.unassigned_minor
    free = Fraction(order.unassigned_minor, rest) if rest > 0 else Fraction(order.refunded_minor > 0)
    return {line.external_id: line.part_sent_back + (1 - line.part_sent_back) * free for line in lines}


def _due_of(said: Mapping[str, Any], lines: Sequence[OrderLine], parts: Mapping[str, Fraction], order: Order) -> int:
    paid_for = [line for line in lines if line.external_id in said["lines"]]
    whole = sum(_weight(line, said) for line in paid_for)
    if order.is_closed or not whole:
        return int(said["points"]) if order.is_closed else 0
    refunded = sum((parts[line.external_id] * _weight(line, said) for line in paid_for), Fraction(0))
    return int(said["points"] * refunded / whole)


def _weight(line: OrderLine, said: Mapping[str, Any]) -> int:
    """How much a line counts beside the others that a rule paid for: by its amount, or by its pieces."""
    if said.get("each") == "piece":
        return line.quantity if line.amount_minor else 0
    return line.amount_minor


def earn(sale: Sale, intake: Intake) -> None:
    """Let an order earn, once in its life. `intake.write` is the caller's."""
    taken = intake.count(report(sale, PAID))
    sale.order.action_id = taken.action_id
    sale.order.earned = _said(taken, sale)
    sale.points_awarded = sale.order.points_earned


def report(sale: Sale, name: str) -> Report:
    return Report(account_id=sale.order.advocate_id, name=name, data=facts(sale), origin="server", past=sale.past)


def facts(sale: Sale) -> dict[str, Any]:
    """What rules and quests hear of an order. `total` is for their conditions; points are counted from the lines."""
    order = sale.order
    return {
        "orderId": order.external_id,
        "currency": order.currency,
        "total": float(money_text(order.total_minor, order.currency)),
        "refunded": float(money_text(order.refunded_minor, order.currency)),
        "items": sum(line.quantity for line in sale.lines),
        "lines": [
            {
                "amount": money_text(line.amount_minor, order.currency),
                "quantity": line.quantity,
                "productId": line.product_id,
                "collections": line.collections,
            }
            for line in sale.lines
        ],
    }


def _said(taken: Taken, sale: Sale) -> list[dict[str, Any]]:
    heard = msgspec.convert(facts(sale), order_paid.Order)
    return [_rule_said(payout, heard, sale) for payout in taken.paid]


def _rule_said(payout: Payout, heard: order_paid.Order, sale: Sale) -> dict[str, Any]:
    eligible = [order_paid.is_eligible(payout.rule.terms, line) for line in heard.lines]
    return {
        "ruleId": str(payout.rule.rule_id),
        "key": payout.rule.key,
        "title": payout.rule.title,
        "points": payout.points if payout.pays else 0,
        "metric": payout.rule.metric,
        "each": payout.rule.terms.earn.each,
        "reason": payout.reason,
        "caps": list(payout.caps),
        "lines": [line.external_id for line, counts in zip(sale.lines, eligible, strict=True) if counts],
    }


def take_back(sales: Sequence[Sale], *, business: Business) -> None:
    """Take back what is due by now and was not before, each from the entry that gave it."""
    due_now = {sale.order.pk: due(sale.order, sale.lines) for sale in sales if sale.order.action_id}
    wanted = [
        (sale, each, amount)
        for sale in sales
        for each in sale.order.earned
        if (amount := due_now.get(sale.order.pk, {}).get(each["ruleId"], 0)) > sale.due_before.get(each["ruleId"], 0)
    ]
    if not wanted:
        return
    sources = [f"{sale.order.action_id}:{each['ruleId']}" for sale, each, _ in wanted]
    entries = books.entries_by_source(business=business, source_type="earn_rule", source_ids=sources)
    takings = [
        _taking(sale, each, amount, entries[source])
        for (sale, each, amount), source in zip(wanted, sources, strict=True)
    ]
    for (sale, _, _), posting in zip(wanted, postings.take_back(takings, business=business), strict=True):
        sale.points_reversed -= posting.amount if posting.id and posting.metric == POINTS else 0


def _taking(sale: Sale, said: Mapping[str, Any], amount: int, entry_id: UUID) -> Taking:
    order, rule_id = sale.order, said["ruleId"]
    return Taking(
        entry_id=entry_id,
        amount=amount - sale.due_before.get(rule_id, 0),
        source=Source(REFUNDED, f"{order.pk}:{rule_id}:{amount}"),  # it only rises: each amount comes once
        reason={"orderId": str(order.pk), "entryId": str(entry_id), "dueInAll": amount},
        deficit=None if said.get("metric", POINTS) == POINTS else "to_zero",  # the policy is about points, not stamps
    )


def count(qualified: Sequence[Sale], closed: Sequence[Sale], *, business: Business) -> None:
    """Count orders for the ladders that go by them, and those no longer of which nothing is left."""
    counts: dict[UUID, int] = {}
    for sales, number in ((qualified, 1), (closed, -1)):
        for sale in sales:
            counts[sale.order.advocate_id] = counts.get(sale.order.advocate_id, 0) + number
    ladders.count_all_orders({id: number for id, number in counts.items() if number}, business=business)
