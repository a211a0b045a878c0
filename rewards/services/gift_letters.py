"""What the message about a card says: as mail with a text and an HTML part, and as a short text."""

from datetime import datetime
from urllib.parse import urlsplit

from babel.dates import format_date
from babel.numbers import format_currency
from django.conf import settings

from loyalty.kernel import clock, languages
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
            "until": _until(card, language=language),
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


def _until(card: GiftCard, *, language: str) -> str:
    """The last day on which the code can be had, where a card is taken back; a reminder puts it off no further."""
    earlier = card.sent_at if card.occasion == GiftCard.Occasion.REMINDER else None
    ends_at = gift_unclaimed.ends_at(card, sent_at=earlier or clock.now(card.order.business))
    return day_text(ends_at, language=language) if ends_at else ""


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


def day_text(at: datetime, *, language: str) -> str:
    return str(format_date(at, "long", locale=languages.locale_of(language)))


def amount_text(minor: int, currency: str, *, language: str) -> str:
    """Money as people write it in a language."""
    amount = money_text(minor, currency)
    return str(format_currency(amount, currency, locale=languages.locale_of(language)))
