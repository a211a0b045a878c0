"""Cards whose code nobody has seen: recipients are reminded, and in the end what a card cost returns, as the business
wants it.

Both ask and change a card in one statement, or under its lock: whoever has the code shown meanwhile keeps it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from loyalty import events
from loyalty.kernel import clock, jobs
from loyalty.models import Business
from rewards.events import GIFT_CARD_CANCELLED, card_happened
from rewards.models import Code, GiftCard, GiftPurchase
from rewards.models.gift_policies import MOST_REMINDERS
from rewards.services import gift_funds, gift_policies

SHARE = 500  # cards at a time
REASON = "Nobody claimed it in time: what it cost is back in the deposit."

# The k-th reminder is due k times so many days after the message, and never sooner after the one before. A card whose
# latest message reached nobody is not reminded of, though somebody opened its link.
REMIND = """
    WITH due AS (
        SELECT c.id, %(now)s + b.clock_offset AS now
        FROM rewards_giftpolicy p
        JOIN loyalty_business b ON b.id = p.business_id AND b.status = 'active'
        CROSS JOIN LATERAL generate_series(0, p.most_reminders - 1) AS reminded
        JOIN rewards_giftcard c ON c.business_id = p.business_id AND c.reminders = reminded
            AND c.sent_at <= %(now)s + b.clock_offset - (reminded + 1) * make_interval(days => p.remind_after_days)
        JOIN rewards_giftorder o ON o.id = c.order_id AND o.type = 'DigitalDelivery'
        JOIN rewards_giftline l ON l.id = c.line_id AND l.erased_at IS NULL
        WHERE c.status IN ('Sent', 'Delivered', 'Viewed') AND c.claimed_at IS NULL AND c.deliver_at IS NULL
            AND EXISTS (SELECT FROM rewards_giftmessage m
                        WHERE m.card_id = c.id AND m.number = c.messages AND m.channel <> 'link'
                            AND m.status <> 'bounced')
            AND (c.reminded_at IS NULL
                 OR c.reminded_at <= %(now)s + b.clock_offset - make_interval(days => p.remind_after_days))
        LIMIT %(share)s FOR UPDATE OF c SKIP LOCKED
    )
    UPDATE rewards_giftcard c
    SET messages = c.messages + 1, reminders = c.reminders + 1, reminded_at = due.now, deliver_at = due.now,
        occasion = 'reminder', channel = '', tries = 0
    FROM due WHERE c.id = due.id
"""
# What was bought from a provider stays paid: it does not buy its cards back.
UNCLAIMED = """
    SELECT c.business_id, c.id, l.cost_minor, o.currency
    FROM rewards_giftpolicy p
    JOIN loyalty_business b ON b.id = p.business_id AND b.status = 'active'
    CROSS JOIN LATERAL generate_series(0, %(most)s) AS reminded
    JOIN rewards_giftcard c ON c.business_id = p.business_id AND c.reminders = reminded
        AND c.sent_at <= %(now)s + b.clock_offset - make_interval(days => p.give_back_after_days)
    JOIN rewards_giftorder o ON o.id = c.order_id
    JOIN rewards_giftline l ON l.id = c.line_id
    WHERE c.status IN ('Sent', 'Delivered', 'Bounced', 'Viewed') AND c.claimed_at IS NULL
        AND c.deliver_at IS NULL AND c.looked_at IS NULL
        AND NOT EXISTS (SELECT FROM rewards_giftpurchase b WHERE b.card_id = c.id)
        AND (c.balance_minor IS NULL OR c.balance_minor = l.value_minor)
    ORDER BY c.business_id LIMIT %(share)s FOR UPDATE OF c SKIP LOCKED
"""


class Unclaimed(NamedTuple):
    business_id: UUID
    card_id: UUID
    cost_minor: int
    currency: str


def ends_at(card: GiftCard, *, sent_at: datetime) -> datetime | None:
    """When a card that was sent then is taken back, if nobody claims it. It needs line, order and business loaded."""
    days = gift_policies.current(card.order.business).give_back_after_days
    is_whole = card.balance_minor in (None, card.line.value_minor)
    if days is None or card.claimed_at or card.looked_at or not is_whole:
        return None
    bought = GiftPurchase.objects.for_business(card.order.business).filter(card=card)
    return None if bought.exists() else sent_at + timedelta(days=days)


def follow_up() -> None:
    """Remind of what is due, and take back what is; safe to run twice, and to be killed anywhere."""
    while _remind():
        jobs.wake("rewards.send_gift_cards")
    while _take_back():
        pass


def _remind() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(REMIND, {"now": clock.wall(), "share": SHARE})
        return bool(cursor.rowcount)


@transaction.atomic
def _take_back() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(UNCLAIMED, {"now": clock.wall(), "share": SHARE, "most": MOST_REMINDERS})
        found = [Unclaimed(*row) for row in cursor.fetchall()]
    for business_id, rows in groupby(found, key=lambda row: row.business_id):
        business = Business.objects.get(pk=business_id)
        _give_back(business, list(rows), now=clock.now(business))
    return bool(found)


def _give_back(business: Business, rows: Sequence[Unclaimed], *, now: datetime) -> None:
    """Locked cards are cancelled, their uploaded codes are free again, and their price returns."""
    cards = GiftCard.objects.for_business(business).filter(pk__in=[row.card_id for row in rows])
    Code.objects.for_business(business).filter(card__in=cards.values("pk"), pool__isnull=False).update(card=None)
    cards.exclude(balance_minor=None).update(balance_minor=0)
    cards.update(status=GiftCard.Status.CANCELLED, failure=REASON)
    given = [(row.card_id, row.cost_minor) for row in rows]
    gift_funds.give_back(business=business, cards=given, currency=rows[0].currency)
    news = [card_happened(GIFT_CARD_CANCELLED, card, reason="unclaimed") for card in cards.order_by("pk")]
    events.record(news, now=now)
