"""The links of gift cards that the programme gave to people, for the pages that are theirs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from loyalty.models import Business
from rewards.models import GiftCard, GiftPromise, Redemption
from rewards.services import gift_letters
from rewards.services.gift_claims import GONE
from rewards.services.gift_redemptions import REDEMPTION

MOST = 50  # that one page shows


class Given(NamedTuple):
    """A card that was not redeemed but given. Without a link it is owed still."""

    name: str
    link: str
    given_at: datetime


def links_of(*, business: Business, redemptions: Iterable[Redemption]) -> Mapping[UUID, str]:
    """The links of those redemptions that are gift cards, by redemption: one query at most."""
    ids = [str(redemption.pk) for redemption in redemptions if "giftProductId" in redemption.terms]
    if not ids:
        return {}
    cards = _open(business).filter(order__source_type=REDEMPTION, order__source_id__in=ids)
    return {UUID(card.order.source_id): gift_letters.claim_link(card) for card in cards}


def given_to(*, business: Business, advocate_id: UUID) -> Sequence[Given]:
    """The latest cards that somebody was given by quests, rules and the like, those that are owed first."""
    owed = GiftPromise.objects.for_business(business).filter(advocate_id=advocate_id)
    promises = owed.exclude(source_type=REDEMPTION).select_related("product").order_by("-created_at")[:MOST]
    cards = _open(business).filter(order__advocate_id=advocate_id).exclude(order__source_type=REDEMPTION)
    return [
        *(Given(promise.product.name, "", promise.created_at) for promise in promises),
        *(
            Given(card.line.product.name, gift_letters.claim_link(card), card.order.created_at)
            for card in cards.order_by("-order__created_at")[:MOST]
        ),
    ]


def _open(business: Business) -> "QuerySet[GiftCard]":
    rows = GiftCard.objects.for_business(business).exclude(status__in=GONE)
    return rows.select_related("order", "line__product")
