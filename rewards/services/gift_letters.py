"""What the message about a card says: as mail with a text and an HTML part, and as a short text."""

from urllib.parse import urlsplit

from babel.numbers import format_currency
from django.conf import settings

from loyalty.kernel import languages
from loyalty.kernel.money import money_text
from rewards.models import GiftCard
from rewards.services import gift_cards, gift_messages, gift_templates
from rewards.services.kinds.channels.base import Letter


def letter_about(card: GiftCard) -> Letter:
    """It needs the card's order, line, product and business loaded."""
    line, said = card.line, card.line.personalization
    business, link = card.order.business, claim_link(card)
    sender = said.get("FromName") or business.name
    words = gift_templates.wording_for(business=business, language=said.get("CultureCode", ""))
    letter = gift_templates.filled(
        words,
        {
            "to": said.get("To", ""),
            "sender": sender,
            "business": business.name,
            "message": said.get("Message", ""),
            "product": line.product.name,
            "value": value_text(card, language=words.language),
            "link": link,
            "note": line.product.redemption_note,
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


def claim_link(card: GiftCard) -> str:
    return f"{settings.PUBLIC_URL}/g/{gift_cards.token_of(card)}"


def message_id(card: GiftCard) -> str:
    """The same for every try of one message; another one for a message that was asked for again."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"<{gift_messages.key_of(card)}@{host}>"


def value_text(card: GiftCard, *, language: str = gift_templates.OURS.language) -> str:
    """A card's value as people write it in a language."""
    amount = money_text(card.line.value_minor, card.order.currency)
    return str(format_currency(amount, card.order.currency, locale=languages.locale_of(language)))
