"""Orders of gift cards with their lines and cards, in a few queries however many there are."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from loyalty.models import Business
from rewards.models import FundingRequest, GiftCard, GiftLine, GiftOrder, GiftProduct, ShippingMethod


class LineFound(NamedTuple):
    """A line, how many of its cards are in which status, and the cards, where they were asked for."""

    line: GiftLine
    counts: Mapping[str, int]
    cards: Sequence[GiftCard] | None


def offered(*, business: Business) -> "QuerySet[GiftProduct]":
    return GiftProduct.objects.for_business(business).filter(archived_at=None)


def shipping(*, business: Business) -> "QuerySet[ShippingMethod]":
    return ShippingMethod.objects.for_business(business).filter(archived_at=None).order_by("key")


def orders_of(
    *,
    business: Business,
    account_id: UUID,
    po_number: str | None = None,
    status: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> "QuerySet[GiftOrder]":
    """The orders of an account; from `start` on, and before `end`."""
    asked = {"po_number": po_number, "status": status, "created_at__gte": start, "created_at__lt": end}
    rows = GiftOrder.objects.for_business(business).filter(account=account_id)
    return rows.filter(**{name: value for name, value in asked.items() if value is not None})


def lines_of(
    *, business: Business, orders: Sequence[GiftOrder], with_cards: bool
) -> Mapping[UUID, Sequence[LineFound]]:
    """The lines of some orders, by order."""
    ids = [order.pk for order in orders]
    rows = GiftLine.objects.for_business(business).filter(order__in=ids).select_related("product").order_by("number")
    cards = GiftCard.objects.for_business(business).filter(order__in=ids)
    lines = lines_with(list(cards.order_by("id")), list(rows)) if with_cards else _counted(rows, cards)
    found: dict[UUID, list[LineFound]] = defaultdict(list)
    for line in lines:
        found[line.line.order_id].append(line)
    return found


def _counted(lines: "QuerySet[GiftLine]", cards: "QuerySet[GiftCard]") -> Sequence[LineFound]:
    counts: dict[UUID, dict[str, int]] = defaultdict(dict)
    for line_id, status, count in cards.order_by().values_list("line", "status").annotate(Count("pk")):
        counts[line_id][status] = count
    return [LineFound(line, counts[line.pk], None) for line in lines]


def lines_with(cards: Sequence[GiftCard], lines: Sequence[GiftLine]) -> Sequence[LineFound]:
    """Lines with these cards of theirs, which somebody has at hand."""
    listed: dict[UUID, list[GiftCard]] = defaultdict(list)
    for card in cards:
        listed[card.line_id].append(card)
    return [LineFound(line, Counter(card.status for card in listed[line.pk]), listed[line.pk]) for line in lines]


def pending_minor(*, business: Business) -> int:
    """What was announced to the deposit and has not arrived yet."""
    rows = FundingRequest.objects.for_business(business)
    found = rows.aggregate(total=Sum("amount_minor", filter=Q(status=FundingRequest.Status.PENDING)))
    return int(found["total"] or 0)
