"""Cards on paper: what is to be packed, and what is on its way."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.models import Business
from rewards.models import GiftCard, GiftOrder
from rewards.services import gift_orders

Status = GiftCard.Status
PACKABLE = (Status.PENDING, Status.SCHEDULED)


class NotPackable(Conflict):
    def __init__(self, status: str) -> None:
        super().__init__(f"This card is {status}: there is nothing to ship.")


def to_pack(cards: "QuerySet[GiftCard]", *, at: datetime | None = None) -> "QuerySet[GiftCard]":
    """Those of some cards that wait to be put into an envelope."""
    return cards.filter(
        status__in=PACKABLE, order__type=GiftOrder.Type.PHYSICAL, line__deliver_at__lte=at or clock.wall()
    )


@transaction.atomic
def ship(*, business: Business, card_id: UUID, carrier: str = "", tracking_number: str = "") -> GiftCard:
    """A card is on its way. The order is complete when all of its cards are.

    :raises NotFound: if the business has no such card
    :raises NotPackable: if it does not wait to be packed
    """
    rows = GiftCard.objects.for_business(business).filter(pk=card_id, order__type=GiftOrder.Type.PHYSICAL)
    order_id = rows.values_list("order", flat=True).first()
    if order_id is None:
        raise NotFound("card")
    order = gift_orders.locked(business, order_id)
    card = rows.select_for_update(of=("self",)).select_related("line__shipping_method").get()
    if card.status not in PACKABLE:
        raise NotPackable(card.status)
    card.status, card.sent_at = Status.SHIPPED, clock.now(business)
    method: Any = card.line.shipping_method
    card.carrier, card.tracking_number = carrier or method.carrier, tracking_number
    card.save(update_fields=["status", "sent_at", "carrier", "tracking_number"])
    gift_orders.settle(order)
    return card
