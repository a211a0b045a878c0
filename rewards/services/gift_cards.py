"""Gift cards: made for an order, looked at and redeemed by whoever holds the code, sent again when asked."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from loyalty.kernel import card_numbers, clock, crypto, jobs
from loyalty.kernel.errors import Code, Conflict, DomainError, Invalid, NotFound
from loyalty.kernel.money import money
from loyalty.models import Business
from loyalty.services.sealing import Sealed
from rewards.models import GiftCard, GiftCardUse, GiftLine, GiftOrder, GiftProduct
from rewards.services import card_codes
from rewards.services.kinds.providers import PROVIDERS

Status, Type, Occasion = GiftCard.Status, GiftOrder.Type, GiftCard.Occasion
TOKEN_BYTES = 24  # of a claim link: 192 bits
MOST_MESSAGES = 10  # for one card, the first one included
SENDABLE_AGAIN = (Status.SENT, Status.DELIVERED, Status.BOUNCED, Status.VIEWED)


class UnknownCard(NotFound):
    """One answer for a code that is unknown, used up, cancelled, another business's or another provider's."""

    def __init__(self) -> None:
        super().__init__("card", field="Code")
        self.message = "There is no card with this code that has anything left. Check the code."


class TooLittleLeft(DomainError):
    code = Code.INSUFFICIENT_FUNDS

    def __init__(self) -> None:
        super().__init__("Less than this amount is left on the card. Ask for its balance.", field="Amount")


class NotSendable(Conflict):
    def __init__(self, status: str) -> None:
        super().__init__(f"A card that is {status} is not sent again, nor one that was sent {MOST_MESSAGES} times.")


class RecipientErased(Conflict):
    def __init__(self) -> None:
        super().__init__("The card's recipient was erased: nobody knows where to send it.")


class Left(NamedTuple):
    balance_minor: int
    currency: str


class Made(NamedTuple):
    """New cards of a line, and those of them that there was no code for."""

    line: GiftLine
    cards: Sequence[GiftCard]
    codeless: Sequence[UUID]


def make(*, order: GiftOrder, wanted: Iterable[tuple[GiftLine, int]]) -> Iterator[Made]:
    """Make so many cards of each line, in the caller's transaction."""
    made = [(line, [_drafted(order, line) for _ in range(count)]) for line, count in wanted]
    GiftCard.objects.bulk_create([card for _, cards in made for card in cards], batch_size=500)
    coded = _allocated(order.business, made)
    for line, cards in made:
        yield Made(line, cards, [card.pk for card in cards if card.pk not in coded])


def _allocated(business: Business, made: Iterable[tuple[GiftLine, Sequence[GiftCard]]]) -> set[UUID]:
    """Give new cards their codes, those of one product and value together. Answers the cards that have one."""
    wanted: dict[tuple[GiftProduct, int], list[UUID]] = defaultdict(list)
    for line, cards in made:
        wanted[line.product, line.value_minor] += [card.pk for card in cards]
    coded: set[UUID] = set()
    for (product, value_minor), ids in wanted.items():
        provider = PROVIDERS[product.provider]
        coded |= provider.allocate(business=business, product=product, value_minor=value_minor, cards=ids)
    return coded


def fail(business: Business, cards: Sequence[UUID], *, reason: str) -> Sequence[UUID]:
    """Cards that can never be had. Answers them; their price is the caller's to give back."""
    rows = GiftCard.objects.for_business(business).filter(pk__in=cards)
    rows.update(status=Status.FAILED, failure=reason, deliver_at=None, balance_minor=None)
    return cards


def look_at_code(card: GiftCard) -> str | None:
    """The code of a card, if it has one yet, for the business itself: it is never anybody else's card's again."""
    rows = GiftCard.objects.for_business(card.business).filter(pk=card.pk, looked_at=None)
    rows.update(looked_at=clock.now(card.business))
    return card_codes.on_card(business=card.business, card_id=card.pk)


def token_of(card: GiftCard) -> str:
    """The token of a card's claim link."""
    return crypto.unseal(bytes(card.token_sealed), context=_context(card.pk)).decode()


def balance(*, business: Business, code: str) -> Left:
    """What is left on one of our own cards.

    :raises UnknownCard: if there is nothing, or no such card
    """
    row = _ours(business, code)
    if row is None:
        raise UnknownCard
    return Left(*row[1:])


@transaction.atomic
def redeem(*, business: Business, code: str, amount: Decimal, reference: str = "") -> Left:
    """Take a part of one of our own cards, or all of it. Answers what is left.

    :raises UnknownCard: as `balance`
    :raises TooLittleLeft: if less is left than is asked for
    :raises Invalid: if nothing is asked for, or what the currency does not have
    """
    row = _ours(business, code)
    if row is None:
        raise UnknownCard
    card_id, _, currency = row
    amount_minor = money(amount, currency, field="Amount")
    if not amount_minor:
        raise Invalid("Amount must be more than 0.", field="Amount")
    left = _take(business, card_id, amount_minor)
    if left is None:
        raise TooLittleLeft
    GiftCardUse.objects.create(
        business=business,
        card_id=card_id,
        amount_minor=amount_minor,
        reference=reference,
        created_at=clock.now(business),
    )
    return Left(left, currency)


def resend(*, business: Business, order_id: UUID, card_id: UUID) -> GiftCard:
    """Send a card once more, to the recipient that it was ordered for.

    :raises NotFound: if the order has no such card
    :raises NotSendable: if it is in no state for that
    :raises RecipientErased: if nobody knows its recipient any more
    """
    rows = GiftCard.objects.for_business(business).filter(pk=card_id, order=order_id)
    due = rows.filter(
        status__in=SENDABLE_AGAIN,
        order__type=Type.DIGITAL,
        line__erased_at=None,
        deliver_at=None,
        messages__lt=MOST_MESSAGES,
    )
    was_due = due.update(
        deliver_at=clock.now(business), messages=F("messages") + 1, tries=0, occasion=Occasion.RESEND, channel=""
    )
    card = rows.select_related("line").first()
    if card is None:
        raise NotFound("card")
    if card.line.erased_at:
        raise RecipientErased
    if not was_due:
        raise NotSendable(card.status)
    jobs.wake("rewards.send_gift_cards")
    return card


def _drafted(order: GiftOrder, line: GiftLine) -> GiftCard:
    is_later, provider = line.deliver_at > order.created_at, PROVIDERS[line.product.provider]
    card = GiftCard(
        business=order.business,
        order=order,
        line=line,
        status=Status.SCHEDULED if is_later else Status.PENDING,
        deliver_at=None if order.type == Type.PHYSICAL or provider.IS_REMOTE else line.deliver_at,
        messages=1,
    )
    token = secrets.token_urlsafe(TOKEN_BYTES)
    card.token_digest = crypto.digest(token)
    card.token_sealed = crypto.seal(token.encode(), context=_context(card.pk))
    if provider.KEEPS_BALANCE:
        card.balance_minor = line.value_minor
    return card


def _ours(business: Business, code: str) -> tuple[UUID, int, str] | None:
    """A card that something is left on: its id, what, and in which currency."""
    text = card_numbers.tidy(code)
    card_id = card_codes.card_of(business=business, code=text) if card_numbers.is_well_formed(text) else None
    if card_id is None:
        return None
    rows = GiftCard.objects.for_business(business).filter(pk=card_id, balance_minor__gt=0)
    card = rows.select_related("order").first()
    return (card.pk, card.balance_minor or 0, card.order.currency) if card else None


def _take(business: Business, card_id: UUID, amount_minor: int) -> int | None:
    """Take it, if that much is left: checked and changed in one step. Answers what is left then."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"business": business.pk, "card": card_id, "amount": amount_minor})
        row = cursor.fetchone()
    return row[0] if row else None


TAKE = """
    UPDATE rewards_giftcard SET balance_minor = balance_minor - %(amount)s
    WHERE business_id = %(business)s AND id = %(card)s AND balance_minor >= %(amount)s
    RETURNING balance_minor
"""


def _context(card_id: UUID) -> str:
    return f"rewards.gift_card:{card_id}"


SEALED = Sealed(GiftCard, "token_sealed", context=lambda card: _context(card.pk))
