"""A deposit for gift cards, as it is and as the model has it."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core import mail
from django.db import connection

from loyalty.models import Business
from rewards.models import Code
from rewards.services import codes, gift_accounts, gift_policies, gift_products
from tests.books import gift_model

ADDRESSES = {"ada": {"email": "ada@example.com"}, "bob": {"email": "bob@example.com", "sms": "+4915112345678"}, "": {}}
UPLOADED = 500  # minor units that each uploaded code is worth


@dataclass
class GiftShop:
    """One business: as it is, and as the model has it. `code_ids` are those that were uploaded, in their order."""

    business: Business
    account_id: UUID
    code_ids: list[UUID]
    books: gift_model.GiftBooks = field(default_factory=gift_model.GiftBooks)

    def begin(self) -> None:
        """Forget what happened."""
        self.books = gift_model.GiftBooks()
        mail.outbox.clear()


def open_gift_shop(business: Business) -> GiftShop:
    """Cards of its own and uploaded ones, which cost another sum than they are worth; unopened ones are taken back."""
    costs: dict[str, Any] = {"fee_minor": gift_model.FEE, "discount_bp": gift_model.DISCOUNT_PERCENT * 100}
    gift_products.create(business=business, key="OWN", name="Own", min_minor=100, max_minor=10_000, **costs)
    uploaded = gift_products.create(
        business=business, key="UPLOADED", name="Cinema", provider="vault", denominations_minor=[UPLOADED], **costs
    )
    pool = gift_products.stock(business=business, product_id=uploaded.pk, value_minor=UPLOADED)
    codes.add(business=business, pool_id=pool.pk, codes=[f"CINEMA-{number}" for number in range(gift_model.CODES)])
    gift_policies.save(business=business, give_back_after_days=gift_model.KEPT.days)
    account, _ = gift_accounts.open_account(business=business, email="gifts@example.com")
    ids = Code.objects.for_business(business).order_by("pk").values_list("pk", flat=True)
    return GiftShop(business, account.pk, list(ids))


ORDERS = "SELECT po_number, status FROM rewards_giftorder WHERE business_id = %s"
CARDS = """
    SELECT o.po_number, c.status, c.balance_minor, k.id,
        (SELECT coalesce(sum(amount_minor), 0) FROM rewards_giftcarduse u WHERE u.card_id = c.id)
    FROM rewards_giftcard c JOIN rewards_giftorder o ON o.id = c.order_id
    LEFT JOIN rewards_code k ON k.card_id = c.id AND k.pool_id IS NOT NULL
    WHERE c.business_id = %s ORDER BY o.created_at, c.id
"""
POSTINGS = "SELECT debit, credit, amount_minor FROM rewards_giftposting WHERE business_id = %s"
FREE = "SELECT id FROM rewards_code WHERE business_id = %s AND card_id IS NULL ORDER BY id"


def said_by_tables(shop: GiftShop) -> dict[str, Any]:
    """What there is, in the words of `said_by_model`."""
    number_of = {id: number for number, id in enumerate(shop.code_ids)}
    sides: Counter[str] = Counter()
    for debit, credit, amount in _rows(POSTINGS, shop):
        sides[debit] -= amount
        sides[credit] += amount
    return {
        "sides": sides,
        "free": [number_of[id] for (id,) in _rows(FREE, shop)],
        "orders": dict(_rows(ORDERS, shop)),
        "cards": [(*said, number_of.get(code), int(used)) for *said, code, used in _rows(CARDS, shop)],
        "mails": len(mail.outbox),
    }


def said_by_model(shop: GiftShop) -> dict[str, Any]:
    """What there should be."""
    books = shop.books
    return {
        "sides": books.sides(),
        "free": books.free,
        "orders": {order.number: order.status for order in books.orders.values()},
        "cards": [
            (card.order.number, card.status, card.left, card.code, card.used)
            for order in books.orders.values()
            for card in order.cards
        ],
        "mails": books.mails,
    }


def major(minor: int) -> Decimal:
    return Decimal(minor) / 100


def _rows(sql: str, shop: GiftShop) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [shop.business.pk])
        rows: list[Any] = cursor.fetchall()
    return rows
