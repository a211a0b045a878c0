"""What the message about a card says: as mail with a text and an HTML part, and as a short text."""

from urllib.parse import urlsplit

from babel import Locale
from babel.numbers import format_currency
from django.conf import settings
from django.template.loader import render_to_string

from loyalty.kernel.money import money_text
from rewards.models import GiftCard
from rewards.services import gift_cards
from rewards.services.kinds.channels.base import Letter


def letter_about(card: GiftCard) -> Letter:
    """It needs the card's order, line, product and business loaded."""
    line, said = card.line, card.line.personalization
    sender = said.get("FromName") or card.order.business.name
    context = {
        "to": said.get("To", ""),
        "sender": sender,
        "business": card.order.business.name,
        "message": said.get("Message", ""),
        "product": line.product,
        "value": value_text(card),
        "link": claim_link(card),
    }
    subject = " ".join(render_to_string("gifts/mail/subject.txt", context).split())
    return Letter(
        id=message_id(card),
        email=line.email,
        sms=line.sms,
        subject=subject,
        text=render_to_string("gifts/mail/card.txt", context),
        html=render_to_string("gifts/mail/card.html", context),
        short=f"{subject}: {context['link']}",
        sender=sender,
        reply_to=said.get("FromEmail", ""),
    )


def claim_link(card: GiftCard) -> str:
    return f"{settings.PUBLIC_URL}/g/{gift_cards.token_of(card)}"


def message_id(card: GiftCard) -> str:
    """The same for every try of one message; another one for a message that was asked for again."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"<{card.pk}.{card.messages}@{host}>"


def value_text(card: GiftCard) -> str:
    """A card's value as people write it."""
    amount = money_text(card.line.value_minor, card.order.currency)
    return str(format_currency(amount, card.order.currency, locale=Locale("en")))
