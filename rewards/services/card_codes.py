"""The codes of gift cards: made, or taken out of a pool, and found again by who holds one."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection

from loyalty.kernel import card_numbers, ids
from loyalty.models import Business
from rewards.models import Code, GiftProduct
from rewards.services import codes

INSERT = """
    INSERT INTO rewards_code (id, business_id, card_id, sealed, hash)
    SELECT id, %s, card, sealed, hash FROM unnest(%s::uuid[], %s::uuid[], %s::bytea[], %s::bytea[])
        AS new (id, card, sealed, hash)
"""
# Codes that others are about to take are passed over, so nobody waits and nobody gets the same.
TAKE = """
    WITH free AS (
        SELECT c.id, row_number() OVER (ORDER BY c.id) AS place FROM (
            SELECT id FROM rewards_code
            WHERE business_id = %(business)s AND redemption_id IS NULL AND card_id IS NULL
                AND pool_id = (SELECT pool_id FROM rewards_giftstock
                               WHERE product_id = %(product)s AND value_minor = %(value)s)
            ORDER BY id LIMIT %(count)s FOR UPDATE SKIP LOCKED
        ) c
    ), wanted AS (
        SELECT id, row_number() OVER () AS place FROM unnest(%(cards)s::uuid[]) AS card (id)
    )
    UPDATE rewards_code c SET card_id = wanted.id FROM free JOIN wanted USING (place) WHERE c.id = free.id
    RETURNING wanted.id
"""


def make(*, business: Business, cards: Sequence[UUID]) -> None:
    """Make a code for each of these new cards."""
    put(business=business, texts={card: card_numbers.new_number() for card in cards})


def put(*, business: Business, texts: Mapping[UUID, str]) -> None:
    """Put new codes onto cards that have none."""
    rows = [(ids.new_id(), card, text) for card, text in texts.items()]
    columns = (
        [id for id, _, _ in rows],
        [card for _, card, _ in rows],
        [codes.sealed(text, code_id=id) for id, _, text in rows],
        [codes.hashes(text, business=business)[0] for _, _, text in rows],
    )
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [business.pk, *columns])


def take(*, business: Business, product: GiftProduct, value_minor: int, cards: Sequence[UUID]) -> set[UUID]:
    """Put the next free codes of a product's stock onto these cards. Answers the cards that got one."""
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "business": business.pk,
                "product": product.pk,
                "value": value_minor,
                "count": len(cards),
                "cards": list(cards),
            },
        )
        return {card for (card,) in cursor.fetchall()}


def card_of(*, business: Business, code: str) -> UUID | None:
    """The card of the business that a code is on."""
    rows = Code.objects.for_business(business).filter(hash__in=codes.hashes(code, business=business))
    return rows.values_list("card_id", flat=True).first()


def is_known(*, business: Business, code: str) -> bool:
    """Whether the business has it already, on a card or in a pool."""
    return Code.objects.for_business(business).filter(hash__in=codes.hashes(code, business=business)).exists()


def on_card(*, business: Business, card_id: UUID) -> str | None:
    """The code of a card, to show it; None while it is still to be bought."""
    row = Code.objects.for_business(business).filter(card=card_id).first()
    return codes.opened(row.pk, row.sealed) if row else None
