"""Orders of gift cards: placed, filled with cards, cancelled, and settled when every card has gone its way.

The order, its price and up to ten cards are one transaction. Of larger ones a worker makes the cards, a chunk a
transaction, and goes on after them wherever it was stopped. Whoever changes an order's cards locks the order first.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from loyalty import events
from loyalty.events import Happening
from loyalty.kernel import clock, jobs, net
from loyalty.kernel.errors import Code, Conflict, DomainError, NotFound
from loyalty.models import Business
from rewards.events import GIFT_ORDER_COMPLETED, GIFT_ORDER_FAILED
from rewards.models import Code as CardCode
from rewards.models import GiftCard, GiftLine, GiftOrder, GiftPurchase
from rewards.services import gift_cards, gift_funds, gift_lines
from rewards.services.gift_lines import Asked

log = structlog.get_logger(__name__)
Status, Card = GiftOrder.Status, GiftCard.Status
AT_ONCE = 10  # cards that are made in the request
CHUNK = 500  # cards that a worker makes in one transaction
ROUNDS = 20  # chunks of each order that one task makes
SETTLED_AT_ONCE = 500
WAITING = {Card.PENDING, Card.SCHEDULED}
GONE = {Card.FAILED, Card.CANCELLED}  # their price is back already
WHOLE = Q(balance_minor=None) | Q(balance_minor=F("line__value_minor"))  # nobody has redeemed a part of it
SEND, FILL = "rewards.send_gift_cards", "rewards.fill_gift_orders"


class DuplicatePoNumber(DomainError):
    code = Code.DUPLICATE_PO_NUMBER

    def __init__(self, first_id: UUID) -> None:
        super().__init__(f"This PONumber was used for the order {first_id}.", field="PONumber")
        self.facts = {"Id": str(first_id)}


class NoCodesLeft(DomainError):
    code = Code.OUT_OF_STOCK

    def __init__(self, line: GiftLine) -> None:
        super().__init__("Not enough codes of this value are left.", field=f"LineItems.{line.number}.ProductId")


class NotCancellable(Conflict):
    def __init__(self, status: str) -> None:
        super().__init__(f"The order is {status}, or some of its cards have left already: it stays.")


class CodeShown(Conflict):
    def __init__(self) -> None:
        super().__init__("The gift card's code was shown already, or the card has left by post: it stays.")


class Occasion(NamedTuple):
    """For whom the programme places an order by itself, and for what, once."""

    advocate_id: UUID
    source_type: str
    source_id: str


class Placed(NamedTuple):
    """A new order, its lines, and the cards that were made at once."""

    order: GiftOrder
    lines: Sequence[GiftLine]
    cards: Sequence[GiftCard]


def place(
    *,
    business: Business,
    type: str,
    po_number: str,
    asked: Sequence[Asked],
    account_id: UUID | None = None,
    occasion: Occasion | None = None,
    note: str = "",
    callback_url: str = "",
) -> Placed:
    """Order gift cards: all of it, or nothing. Up to ten cards are made at once; a worker sends.

    :param account_id: whose order it is; without one it is the business's own
    :raises DuplicatePoNumber: if the account, or the business itself, has used the number, for whatever order
    :raises gift_funds.InsufficientFunds: if the deposit does not cover it
    :raises NotFound, Invalid: as `gift_lines.drafted`
    :raises net.UnsafeUrl: if we do not call back at such an address
    :raises NoCodesLeft: if there are too few codes for an order that is filled at once
    """
    try:
        with transaction.atomic():
            return _place(
                GiftOrder(
                    business=business,
                    account_id=account_id,
                    type=type,
                    po_number=po_number,
                    note=note,
                    callback_url=callback_url,
                    **(occasion._asdict() if occasion else {}),
                ),
                asked,
            )
    except (DomainError, IntegrityError):
        _refuse_duplicate(business, account_id, po_number)  # a late repeat hears of the first, whatever has changed
        raise


def _place(order: GiftOrder, asked: Sequence[Asked]) -> Placed:
    business, now = order.business, clock.now(order.business)
    order.currency, order.created_at = business.currency, now
    _check_callback(order.callback_url)
    lines = gift_lines.drafted(order=order, asked=asked, now=now)
    is_small = sum(line.quantity for line in lines) <= AT_ONCE
    order.status = Status.PROCESSING if is_small else Status.PENDING
    order.total_minor = sum(line.cost_minor * line.quantity for line in lines)
    order.save(force_insert=True)  # somebody who is just using the number is waited for
    gift_funds.take(business=business, amount_minor=order.total_minor, currency=order.currency, order_id=order.pk)
    GiftLine.objects.bulk_create(lines)
    cards = _filled(order, [(line, line.quantity) for line in lines]) if is_small else []
    jobs.wake(SEND if is_small else FILL)
    return Placed(order, lines, cards)


def _refuse_duplicate(business: Business, account_id: UUID | None, po_number: str) -> None:
    rows = GiftOrder.objects.for_business(business).filter(account=account_id, po_number=po_number)
    first = rows.values_list("pk", flat=True).first()
    if first is not None:
        raise DuplicatePoNumber(first)


def _check_callback(url: str) -> None:
    if url:
        net.check_url(
            url,
            field="WebhookSettings.FulfillmentComplete",
            allow_http=settings.WEBHOOKS_ALLOW_HTTP,
            allowed=net.networks(settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS),
        )


def _filled(order: GiftOrder, wanted: Iterable[tuple[GiftLine, int]]) -> list[GiftCard]:
    """So many cards of each line, all with codes.

    :raises NoCodesLeft: if there are too few
    """
    cards: list[GiftCard] = []
    for made in gift_cards.make(order=order, wanted=wanted):
        if made.codeless:
            raise NoCodesLeft(made.line)
        cards += made.cards
    return cards


def fill_waiting() -> None:
    """Make the cards of all large orders, a chunk of each in turn; safe to run twice, and to be killed anywhere.

    After so many rounds another task goes on, so that no worker is long at it, and no order waits for a long one.
    """
    rows = GiftOrder.objects.filter(status=Status.PENDING).select_related("business")
    waiting = list(rows.order_by("created_at"))
    for _ in range(ROUNDS):
        waiting = [order for order in waiting if _go_on(order)]
    if waiting:
        jobs.wake(FILL)


def _go_on(order: GiftOrder) -> bool:
    """Whether there may be more to make. An order that we fail at keeps nobody else's from being filled."""
    try:
        is_open = _fill_chunk(order.business, order.pk)
    except Exception:
        log.exception("gift_order_failed", id=str(order.pk))
        return False
    jobs.wake(SEND)
    return is_open


@transaction.atomic
def _fill_chunk(business: Business, order_id: UUID) -> bool:
    """Make the next cards of an order, unless somebody else is at it. Whether there may be more."""
    rows = GiftOrder.objects.for_business(business).filter(pk=order_id, status=Status.PENDING)
    order = rows.select_related("business").select_for_update(skip_locked=True, of=("self",)).first()
    if order is None:
        return False
    wanted = _missing(order, CHUNK)
    failed = [
        (card, made.line.cost_minor)
        for made in gift_cards.make(order=order, wanted=wanted)
        for card in gift_cards.fail(order.business, made.codeless, reason="No codes of this value were left.")
    ]
    if failed:
        gift_funds.give_back(business=order.business, cards=failed, currency=order.currency)
    is_open = bool(_missing(order, 1))
    if not is_open:
        order.status = Status.PROCESSING
        order.save(update_fields=["status"])
    return is_open


def _missing(order: GiftOrder, most: int) -> list[tuple[GiftLine, int]]:
    """How many cards of which lines are still to be made: so many at most, in the order of the lines."""
    cards = GiftCard.objects.for_business(order.business).filter(line=OuterRef("pk")).order_by().values("line")
    made = Coalesce(Subquery(cards.annotate(count=Count("pk")).values("count")), 0)
    rows = GiftLine.objects.for_business(order.business).filter(order=order).alias(made=made)
    missing = rows.annotate(missing=F("quantity") - F("made")).filter(missing__gt=0).select_related("product")
    wanted: list[tuple[GiftLine, int]] = []
    for line in missing.order_by("number")[:most]:
        count = min(line.missing, most)
        if count:
            wanted.append((line, count))
            most -= count
    return wanted


@transaction.atomic
def cancel(*, business: Business, order_id: UUID) -> GiftOrder:
    """Take an order back before anything of it has left: its price returns, and so do uploaded codes.

    :raises NotFound: if the business has no such order
    :raises NotCancellable: if it is over, or a card is on its way, or was redeemed by whoever knew its code
    """
    order, cards = _held(business, order_id)
    waiting = cards.filter(WHOLE, status__in=(*WAITING, Card.FAILED), tries=0)
    is_open = order.status in (Status.PENDING, Status.PROCESSING)
    if not is_open or cards.exclude(pk__in=waiting.values("pk")).exists():
        raise NotCancellable(order.status)
    return _cancelled(order, cards)


@transaction.atomic
def revoke(*, business: Business, order_id: UUID) -> GiftOrder:
    """Take an order back also when its links have left, as long as no code was shown or used: they open nothing then.

    :raises NotFound: if the business has no such order
    :raises NotCancellable: if it is taken back already
    :raises CodeShown: if somebody has a code of it, or a card on paper
    """
    order, cards = _held(business, order_id)
    if order.status == Status.CANCELLED:
        raise NotCancellable(order.status)
    unseen = cards.filter(WHOLE, claimed_at=None).exclude(status=Card.SHIPPED)
    if cards.exclude(status__in=GONE).exclude(pk__in=unseen.values("pk")).exists():
        raise CodeShown
    return _cancelled(order, cards)


def _held(business: Business, order_id: UUID) -> "tuple[GiftOrder, QuerySet[GiftCard]]":
    """A locked order with its cards, locked, too: whoever sends them passes them over, and nobody buys codes for them.

    :raises NotCancellable: if codes were bought, or are just being bought
    """
    order = locked(business, order_id)
    cards = GiftCard.objects.for_business(business).filter(order=order)
    wanted = cards.exclude(status__in=GONE)
    purchases = GiftPurchase.objects.for_business(business).filter(card__in=wanted.values("pk")).order_by("pk")
    if any(purchase.tries for purchase in purchases.select_for_update(of=("self",))):
        raise NotCancellable(order.status)
    purchases.delete()
    list(cards.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    return order, cards


def _cancelled(order: GiftOrder, cards: "QuerySet[GiftCard]") -> GiftOrder:
    business = order.business
    gone = cards.filter(status__in=GONE).values_list("line__cost_minor", flat=True)
    if paid := order.total_minor - sum(gone):
        gift_funds.give_back_order(business=business, order_id=order.pk, amount_minor=paid, currency=order.currency)
    unseen = cards.filter(looked_at=None).values("pk")
    CardCode.objects.for_business(business).filter(card__in=unseen, pool__isnull=False).update(card=None)
    cards.exclude(balance_minor=None).update(balance_minor=0)
    cards.exclude(status__in=GONE).update(status=Card.CANCELLED, deliver_at=None, leased_until=None)
    order.status, order.completed_at = Status.CANCELLED, clock.now(business)
    order.save(update_fields=["status", "completed_at"])
    return order


def locked(business: Business, order_id: UUID) -> GiftOrder:
    """:raises NotFound: if the business has no such order"""
    rows = GiftOrder.objects.for_business(business).select_for_update(no_key=True, of=("self",))
    order = rows.select_related("business").filter(pk=order_id).first()
    if order is None:
        raise NotFound("order")
    return order


def settle_ready() -> None:
    """Say how orders came out that none of whose cards is waiting any more; safe to run twice."""
    waiting = GiftCard.objects.filter(order=OuterRef("pk"), status__in=WAITING)
    ready = GiftOrder.objects.filter(~Exists(waiting), status=Status.PROCESSING).order_by("created_at")
    for order_id, business_id in list(ready.values_list("pk", "business")[:SETTLED_AT_ONCE]):
        _settle(order_id, business_id)


@transaction.atomic
def _settle(order_id: UUID, business_id: UUID) -> None:
    rows = GiftOrder.objects.filter(business_id=business_id, pk=order_id, status=Status.PROCESSING)
    order = rows.select_related("business").select_for_update(of=("self",), skip_locked=True).first()
    if order is not None:  # else somebody else is at it
        settle(order)


def settle(order: GiftOrder) -> None:
    """Say how a locked order came out, if none of its cards is waiting any more."""
    counts = card_counts(GiftCard.objects.for_business(order.business).filter(order=order))
    if counts.keys() & WAITING:
        return
    order.status, order.completed_at = outcome(counts), clock.now(order.business)
    order.save(update_fields=["status", "completed_at"])
    topic = GIFT_ORDER_FAILED if order.status == Status.FAILED else GIFT_ORDER_COMPLETED
    facts = {"id": str(order.pk), "status": order.status}
    news = Happening(order.business_id, topic, None, facts, reply_to=order.callback_url)
    events.record([news], now=order.completed_at)


def line_outcome(order: GiftOrder, line: GiftLine, counts: Mapping[str, int]) -> str:
    """What becomes of a line with these cards: nothing more once the order is taken back, and before all are made it
    is not over, whatever became of the first ones.
    """
    if order.status == Status.CANCELLED:
        return Status.CANCELLED
    return Status.PENDING if sum(counts.values()) < line.quantity else outcome(counts)


def outcome(counts: Mapping[str, int]) -> str:
    """What becomes of cards, together: of a whole order, or of a line whose cards are all made."""
    bad = counts.keys() & {Card.FAILED, Card.BOUNCED}
    if counts.keys() & WAITING:
        return Status.PROCESSING
    if counts.keys() <= {Card.CANCELLED}:
        return Status.CANCELLED
    if counts.keys() <= {Card.FAILED}:
        return Status.FAILED
    return Status.PARTIALLY_FAILED if bad else Status.COMPLETED


def card_counts(cards: "QuerySet[GiftCard]") -> Mapping[str, int]:
    return dict(cards.order_by().values_list("status").annotate(Count("pk")))
