"""What the message about a card says: as mail with a text and an HTML part, and as a short text."""

from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from babel.dates import format_date
from babel.numbers import format_currency
from django.conf import settings

from loyalty.kernel import clock, languages, periods
from loyalty.kernel.money import money_text
from rewards.models import GiftCard
from rewards.services import gift_cards, gift_messages, gift_templates, gift_texts, gift_unclaimed
from rewards.services.kinds.channels.base import Letter


def letter_about(card: GiftCard) -> Letter:
    """It needs the card's order, line, product and business loaded."""
    line, said = card.line, card.line.personalization
    business, link = card.order.business, claim_link(card)
    sender = said.get("FromName") or business.name
    asked = said.get("CultureCode", "")
    words = gift_templates.wording_for(business=business, language=asked)
    language = asked if words.language in languages.chain(asked) else words.language
    texts = gift_texts.texts_in(line.product, language)
    letter = gift_templates.filled(
        words,
        {
            "to": said.get("To", ""),
            "sender": sender,
            "business": business.name,
            "message": said.get("Message", ""),
            "product": texts.name,
            "value": amount_text(line.value_minor, card.order.currency, language=language),
            "link": link,
            "note": texts.redemption_note,
            "until": until(card, sent_at=_sent_at(card), language=language),
            "reminder": str(card.reminders) if card.occasion == GiftCard.Occasion.REMINDER else "",
        },
    )
    return Letter(
        id=message_id(card),
        key=gift_messages.key_of(card),
        email=line.email,
        sms=line.sms,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        short=f"{letter.subject}: {link}",
        sender=sender,
        reply_to=said.get("FromEmail", ""),
    )


def until(card: GiftCard, *, sent_at: datetime, language: str) -> str:
    """The last whole day on which its code can be had, of a card that is taken back; else nothing.

    On the clocks of the business. It needs the card's line, order and business loaded.
    """
    ends_at = gift_unclaimed.ends_at(card, sent_at=sent_at)
    if ends_at is None:
        return ""
    day = periods.day_of(ends_at, zone=card.order.business.timezone)
    return day_text(day - timedelta(days=1), language=language)


def _sent_at(card: GiftCard) -> datetime:
    """From when the days of a card count once its present message has left: a reminder puts nothing off."""
    earlier = card.sent_at if card.occasion == GiftCard.Occasion.REMINDER else None
    return earlier or clock.now(card.order.business)


def claim_link(card: GiftCard) -> str:
    return f"{settings.PUBLIC_URL}/g/{gift_cards.token_of(card)}"


def message_id(card: GiftCard) -> str:
    """The same for every try of one message; another one for a message that was asked for again."""
    return f"<{gift_messages.key_of(card)}@{_host()}>"


def key_in(message_id: str) -> str:
    """The key of the message that a Message-ID of ours names; empty for another one's."""
    key, _, host = message_id.strip().removeprefix("<").removesuffix(">").partition("@")
    return key if host == _host() and gift_messages.KEY.fullmatch(key) else ""


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def day_text(at: date, *, language: str) -> str:
    return str(format_date(at, "long", locale=languages.locale_of(language)))


def amount_text(minor: int, currency: str, *, language: str) -> str:
    """Money as people write it in a language."""
    amount = money_text(minor, currency)
    return str(format_currency(amount, currency, locale=languages.locale_of(language)))
