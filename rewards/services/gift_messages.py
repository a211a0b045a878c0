"""What became of the messages about a card: written down as they leave, and as whoever carries them tells us.

A message's status only moves on, from sent to delivered to bounced, so notices that come twice, late or in any order
end where they would have ended. The card follows its latest message.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from loyalty import events
from loyalty.kernel import clock, jobs
from rewards.events import GIFT_CARD_BOUNCED, GIFT_CARD_DELIVERED, card_happened
from rewards.models import GiftCard, GiftLine, GiftMessage, GiftProduct

Card, Message = GiftCard.Status, GiftMessage.Status
Channel, Occasion = GiftMessage.Channel, GiftCard.Occasion
ORDER = (Message.SENT, Message.DELIVERED, Message.BOUNCED)
ON_ITS_WAY = (Card.PENDING, Card.SCHEDULED, Card.SENT, Card.DELIVERED, Card.BOUNCED)
KEY = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([1-9][0-9]{0,5})")


def key_of(card: GiftCard) -> str:
    """What names the present message of a card to those who carry it, the same over all tries."""
    return f"{card.pk}.{card.messages}"


def ways_to(line: GiftLine) -> Sequence[str]:
    """The ways to a recipient, in the order in which they are tried."""
    return [way for way in (Channel.EMAIL, Channel.SMS) if getattr(line, way)]


def ways_left(card: GiftCard) -> Sequence[str]:
    """The ways that its present message may still go."""
    ways = ways_to(card.line)
    return ways[ways.index(card.channel) :] if card.channel in ways else ways


def note(card: GiftCard, *, channel: str, status: str, now: datetime, reason: str = "") -> None:
    """Write down how the present message of a card left, unless somebody has told more of it already."""
    message = _message(card, number=card.messages, channel=channel, status=status, now=now)
    message.reason = reason[:200]
    GiftMessage.objects.bulk_create([message], ignore_conflicts=True)


def strand(card: GiftCard, *, reason: str, now: datetime) -> None:
    """No message reaches the recipient of a locked card: it bounces, and whoever ordered has its link."""
    card.status, card.failure = Card.BOUNCED, reason[:200]
    card.deliver_at = card.leased_until = None
    card.sent_at = card.sent_at or now
    has_link = GiftProduct.Delivery.LINK in card.line.product.delivery_types
    if has_link:
        note(card, channel=Channel.LINK, status=Message.SENT, now=now)
    news = card_happened(GIFT_CARD_BOUNCED, card, fallback=Channel.LINK.value if has_link else None)
    events.record([news], now=now)


@transaction.atomic
def hear(key: str, *, channel: str, status: str, reason: str = "") -> None:
    """Take a notice about a message: it was delivered, or it bounced. One about nothing of ours changes nothing.

    :param key: what `key_of` named it by
    """
    found = KEY.fullmatch(key)
    card = found and _locked(UUID(found[1]))
    if not found or not card or channel not in ways_to(card.line) or int(found[2]) > card.messages:
        return
    number, now = int(found[2]), clock.now(card.business)
    if not _moved_on(card, number=number, channel=channel, status=status, reason=reason, now=now):
        return
    if number == card.messages and card.status in ON_ITS_WAY:
        _delivered(card, now=now) if status == Message.DELIVERED else _bounced(card, channel, reason=reason, now=now)
        card.save()


def _locked(card_id: UUID) -> GiftCard | None:
    rows = GiftCard.objects.select_for_update(of=("self",)).select_related("business", "line__product")
    return rows.filter(pk=card_id).first()


def _moved_on(card: GiftCard, *, number: int, channel: str, status: str, reason: str, now: datetime) -> bool:
    """Whether a notice tells more of a message than is known; then that is written down."""
    rows = GiftMessage.objects.for_business(card.business).filter(card=card, number=number, channel=channel)
    message = rows.first() or _message(card, number=number, channel=channel, status=Message.SENT, now=now)
    if ORDER.index(Message(status)) <= ORDER.index(Message(message.status)):
        return False
    message.status, message.reason, message.updated_at = status, reason[:200], now
    message.save()
    return True


def _delivered(card: GiftCard, *, now: datetime) -> None:
    if card.status != Card.DELIVERED:
        card.status, card.delivered_at = Card.DELIVERED, now
        events.record([card_happened(GIFT_CARD_DELIVERED, card)], now=now)


def _bounced(card: GiftCard, channel: str, *, reason: str, now: datetime) -> None:
    """Go the next way that no message of this card has gone yet, once; else it is stranded."""
    ways = ways_to(card.line)
    gone = GiftMessage.objects.for_business(card.business).filter(card=card).values_list("channel", flat=True)
    following = [way for way in ways[ways.index(channel) + 1 :] if way not in set(gone)]
    if not following:
        strand(card, reason=reason, now=now)
        return
    ask(card, occasion=Occasion.FALLBACK, channel=following[0], now=now)
    card.status, card.failure, card.leased_until = Card.SENT, reason[:200], None
    jobs.wake("rewards.send_gift_cards")


def ask(card: GiftCard, *, occasion: str, now: datetime, channel: str = "") -> None:
    """Let another message about a locked card go out; the caller saves it."""
    card.occasion, card.channel = occasion, channel
    card.messages, card.deliver_at, card.tries = card.messages + 1, now, 0


def _message(card: GiftCard, *, number: int, channel: str, status: str, now: datetime) -> GiftMessage:
    return GiftMessage(
        business=card.business,
        card=card,
        number=number,
        channel=channel,
        occasion=card.occasion,
        status=status,
        created_at=now,
        updated_at=now,
    )
