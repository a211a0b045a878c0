"""Cards of our own: their codes are made here, and redeemed here, part by part."""

from collections.abc import Sequence
from uuid import UUID

from loyalty.models import Business
from rewards.models import GiftProduct
from rewards.services import card_codes

TITLE = "Our own stored value"
KEEPS_BALANCE = True
IS_REMOTE = False


def allocate(*, business: Business, product: GiftProduct, value_minor: int, cards: Sequence[UUID]) -> set[UUID]:
    card_codes.make(business=business, cards=cards)
    return set(cards)
