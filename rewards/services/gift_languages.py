"""Which language the page of a card is in."""

from rewards.models import GiftCard
from rewards.services import gift_templates


def page_of(card: GiftCard, *, browser: str) -> str:
    """The recipient's, as whoever ordered said, else that of the business's messages, else the browser's.

    Of these the first that we have words in. It needs the card's line, order and business loaded.
    """
    said = str(card.line.personalization.get("CultureCode", ""))
    tags = (said, gift_templates.default_language(card.order.business), browser)
    return next((tag for tag in tags if gift_templates.words_in(tag)), gift_templates.ENGLISH)
