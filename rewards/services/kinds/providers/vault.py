"""Cards that somebody else issued: their codes were uploaded, and each goes onto one card."""

from collections.abc import Sequence
from uuid import UUID

from loyalty.models import Business
from rewards.models import GiftProduct
from rewards.services import card_codes

TITLE = "Uploaded codes"
KEEPS_BALANCE = False
IS_REMOTE = False


def allocate(*, business: Business, product: GiftProduct, value_minor: int, cards: Sequence[UUID]) -> set[UUID]:
    return card_codes.take(business=business, product=product, value_minor=value_minor, cards=cards)
