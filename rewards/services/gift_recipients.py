"""Recipients of gift cards take part in no programme: a business forgets one by the address that cards went to."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict
from loyalty.models import Business
from rewards.models import Code, GiftCard, GiftLine, GiftOrder, GiftPurchase
from rewards.services import gift_cards, gift_funds, gift_messages, gift_orders

REASON = "The recipient was erased before the card left."


class StillAtWork(Conflict):
    def __init__(self) -> None:
        super().__init__("A card for them is being made, bought or sent. Try again later.")


def lines_of(line: GiftLine) -> "QuerySet[GiftLine]":
    """All lines of the business for the recipient of this one: by the same e-mail address, or the same number."""
    same = Q(pk=line.pk)
    for name in ("email", "sms"):
        if address := getattr(line, name):
            same |= Q(**{name: address})
    return GiftLine.objects.for_business(line.business).filter(same, erased_at=None)


@transaction.atomic
def erase(*, business: Business, line_ids: Collection[UUID]) -> None:
    """Forget whom lines are for, and what was written to them. What was bought and paid stays.

    A card that has not left yet fails, and its price is given back; one that has left, or was redeemed by whoever knew
    its code, keeps its link. So does one whose code was bought: it bounces.

    :raises StillAtWork: if a worker has one of the cards in hand, or nobody knows whether its code was bought
    """
    lines = GiftLine.objects.for_business(business).filter(pk__in=line_ids)
    orders = _locked(business, lines)
    cards = GiftCard.objects.for_business(business).filter(line__in=lines.values("pk"))
    _keep_from_buying(business, cards.filter(status__in=gift_orders.WAITING))
    locked = list(
        cards.select_for_update(of=("self",)).select_related("business", "order", "line__product").order_by("pk")
    )
    is_made = all(order.status != GiftOrder.Status.PENDING for order in orders)
    if not is_made or any(card.leased_until and card.leased_until > clock.wall() for card in locked):
        raise StillAtWork
    now, waiting = clock.now(business), [card for card in locked if card.status in gift_orders.WAITING]
    used = [card.pk for card in waiting if card.balance_minor not in (None, card.line.value_minor)]
    cards.filter(pk__in=used).update(status=GiftCard.Status.CLAIMED, claimed_at=now)
    _give_up(business, [card for card in waiting if card.pk not in used])
    cards.update(deliver_at=None, leased_until=None)
    lines.update(email="", sms="", address=None, personalization={}, erased_at=now)
    GiftOrder.objects.for_business(business).filter(pk__in=[order.pk for order in orders]).update(note="")
    for order in orders:
        if order.status == GiftOrder.Status.PROCESSING:
            gift_orders.settle(order)


def _locked(business: Business, lines: "QuerySet[GiftLine]") -> Sequence[GiftOrder]:
    rows = GiftOrder.objects.for_business(business).filter(pk__in=lines.values("order"))
    return list(rows.select_for_update(no_key=True, of=("self",)).select_related("business").order_by("pk"))


def _keep_from_buying(business: Business, waiting: "QuerySet[GiftCard]") -> None:
    """Nobody buys codes any more for cards that wait; one that was bought for a later day is over."""
    rows = GiftPurchase.objects.for_business(business).filter(card__in=waiting.values("pk"), due_at__isnull=False)
    if any(purchase.tries for purchase in rows.select_for_update(of=("self",)).order_by("pk")):
        raise StillAtWork
    rows.delete()


def _give_up(business: Business, waiting: Sequence[GiftCard]) -> None:
    """Cards that nobody will get: their uploaded codes are free again, and their price returns, but of bought ones."""
    rows = GiftPurchase.objects.for_business(business).filter(card__in=[card.pk for card in waiting])
    bought = set(rows.values_list("card", flat=True))
    for card in waiting:
        if card.pk in bought:
            gift_messages.strand(card, reason=REASON, now=clock.now(business))
            card.save()
    lost = [card for card in waiting if card.pk not in bought]
    if not lost:
        return
    unseen = [card.pk for card in lost if card.looked_at is None]
    Code.objects.for_business(business).filter(card__in=unseen, pool__isnull=False).update(card=None)
    gift_cards.fail(business, [card.pk for card in lost], reason=REASON)
    given = [(card.pk, card.line.cost_minor) for card in lost]
    gift_funds.give_back(business=business, cards=given, currency=lost[0].order.currency)
