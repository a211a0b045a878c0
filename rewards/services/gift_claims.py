"""The recipient's side of a card: opened by the token of its link, and its code revealed by a click."""

from typing import NamedTuple

from django.db import transaction

from loyalty import events
from loyalty.kernel import clock, crypto
from loyalty.models import Business
from rewards.events import GIFT_CARD_VIEWED, card_happened
from rewards.models import GiftCard, GiftOrder
from rewards.services import card_codes, gift_policies, recipients

Status = GiftCard.Status
GONE = (Status.FAILED, Status.CANCELLED)
BEFORE_VIEWING = (Status.PENDING, Status.SENT, Status.DELIVERED, Status.BOUNCED)
LONGEST_TOKEN = 64


class NotTheirAddress(Exception):
    """Whoever has the link does not know where its message went."""

    def __init__(self, card: GiftCard) -> None:
        super().__init__()
        self.card = card


class Claim(NamedTuple):
    """An opened link: the card with its line, product, order and business, and its code once it was asked for."""

    card: GiftCard
    code: str | None = None


def open_link(token: str, *, is_visit: bool = True) -> GiftCard | None:
    """The card of a link, which counts as viewed from the first visit on. None for what is no link, or no more."""
    card = _card_of(token)
    if card is not None and is_visit and card.viewed_at is None:
        _view(card)
    return card


def asks(card: GiftCard) -> bool:
    """Whether its code is for whoever knows where its message went."""
    has_address = bool(card.line.email or card.line.sms)
    return has_address and gift_policies.current(card.order.business).asks_recipient


@transaction.atomic
def reveal(token: str, *, address: str = "") -> Claim | None:
    """The card of a link with its code, claimed from the first time on. None as `open_link`.

    :param address: where its message went, as whoever has the link says
    :raises NotTheirAddress: if the business asks for that, and it is another one
    """
    card = open_link(token)
    if card is None or not _is_kept(card):
        return None
    if asks(card) and not recipients.is_at(address, email=card.line.email, sms=card.line.sms):
        raise NotTheirAddress(card)
    code = card_codes.on_card(business=card.business, card_id=card.pk)
    if code is None:  # it is still to be bought
        return Claim(card)
    now = clock.now(card.business)
    rows = GiftCard.objects.for_business(card.business).filter(pk=card.pk, claimed_at=None)
    if rows.update(claimed_at=now, status=Status.CLAIMED):
        card.claimed_at, card.status = now, Status.CLAIMED
    elif card.claimed_at is None and not _was_claimed(card):  # it was taken back just now
        return None
    return Claim(card, code)


def _is_kept(card: GiftCard) -> bool:
    """Whether a card is still there; nobody takes it back from here on, until the transaction ends."""
    rows = GiftCard.objects.for_business(card.business).filter(pk=card.pk).exclude(status__in=GONE)
    return rows.select_for_update(no_key=True).exists()


def _card_of(token: str) -> GiftCard | None:
    if not 0 < len(token) <= LONGEST_TOKEN:
        return None
    rows = GiftCard.objects.filter(token_digest=crypto.digest(token), business__status=Business.Status.ACTIVE)
    card = rows.select_related("business", "order__business", "line__product").first()
    if card is None or card.status in GONE or card.order.type == GiftOrder.Type.PHYSICAL:
        return None
    return None if card.line.deliver_at > clock.now(card.business) else card


def _was_claimed(card: GiftCard) -> bool:
    """Whether somebody else has just had its code shown."""
    return GiftCard.objects.for_business(card.business).filter(pk=card.pk, claimed_at__isnull=False).exists()


@transaction.atomic
def _view(card: GiftCard) -> None:
    now = clock.now(card.business)
    rows = GiftCard.objects.for_business(card.business).filter(pk=card.pk, viewed_at=None)
    if rows.exclude(status__in=GONE).update(viewed_at=now):
        card.viewed_at = now
        unseen = GiftCard.objects.for_business(card.business).filter(pk=card.pk, status__in=BEFORE_VIEWING)
        if unseen.update(status=Status.VIEWED):
            card.status = Status.VIEWED
        events.record([card_happened(GIFT_CARD_VIEWED, card)], now=now)
