"""Sending: a message is claimed in a committed row, sent, and written down, one at a time.

Whoever is killed in between leaves a lease that ends; the next one sends that one message again, with the same
Message-ID and link. What was written down is never sent again, and what was not is never forgotten.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from loyalty import events
from loyalty.events import Happening
from loyalty.kernel import clock, jobs
from rewards.events import GIFT_CARD_DELIVERED, card_happened
from rewards.models import GiftCard, GiftMessage
from rewards.services import gift_letters, gift_messages, gift_orders
from rewards.services.kinds.channels import CHANNELS
from rewards.services.kinds.channels.base import Refused, Unreachable

Status = GiftCard.Status
Occasion, Message = GiftCard.Occasion, GiftMessage.Status
BEFORE_SENDING = (Status.PENDING, Status.SCHEDULED, Status.BOUNCED)
SHARE = 20  # messages that are claimed together
LEASE = timedelta(seconds=120)
ENOUGH = timedelta(seconds=30)  # as long as one message may take; with less of the lease left, none is begun
ROUND_SECONDS = 20.0  # then another task goes on, so that no worker waits long for this one
MOST_TRIES = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=4)
LINKS = 2_000  # that are handed out in one statement

# Found in a CTE: a subquery may be asked again for every card, and would find others each time.
CLAIM = """
    WITH due AS (
        SELECT c.id FROM rewards_giftcard c
        JOIN rewards_giftorder o ON o.id = c.order_id AND o.type = 'DigitalDelivery'
        JOIN loyalty_business b ON b.id = c.business_id
        WHERE c.deliver_at <= %(now)s + b.clock_offset AND (c.leased_until IS NULL OR c.leased_until <= %(now)s)
        ORDER BY c.deliver_at, c.id LIMIT %(share)s FOR UPDATE OF c SKIP LOCKED
    )
    UPDATE rewards_giftcard c SET leased_until = %(lease)s, tries = c.tries + 1
    FROM due WHERE c.id = due.id RETURNING c.id
"""
# Links are handed out by the order's answer: nothing is sent, and some are opened before they are written down here.
HAND_OUT = """
    WITH due AS (
        SELECT c.id, c.status IN ('Pending', 'Scheduled') AS is_unopened, %(now)s + b.clock_offset AS now
        FROM rewards_giftcard c
        JOIN rewards_giftorder o ON o.id = c.order_id AND o.type = 'Links'
        JOIN loyalty_business b ON b.id = c.business_id
        WHERE c.deliver_at <= %(now)s + b.clock_offset LIMIT %(links)s FOR UPDATE OF c SKIP LOCKED
    )
    UPDATE rewards_giftcard c
    SET status = CASE WHEN due.is_unopened THEN 'Delivered' ELSE c.status END,
        sent_at = due.now, delivered_at = due.now, deliver_at = NULL, leased_until = NULL
    FROM due WHERE c.id = due.id
    RETURNING c.business_id, c.order_id, c.id, due.is_unopened, due.now
"""


class HandedOut(NamedTuple):
    business_id: UUID
    order_id: UUID
    card_id: UUID
    is_unopened: bool
    at: datetime


class Outcome(NamedTuple):
    """What became of a message: sent by a way, refused by all, to be tried again, or not wanted any more."""

    status: Status | None  # none: later
    channel: str = ""
    refused: Sequence[tuple[str, str]] = ()  # ways that are closed, and why
    failure: str = ""


def send_due() -> None:
    """Send what is due until nothing is, or until it is another task's turn."""
    ends_at = time.monotonic() + ROUND_SECONDS
    while _hand_out_links():
        pass
    while time.monotonic() < ends_at and (cards := _claimed()):
        for card in cards:
            assert card.leased_until is not None  # it is claimed
            if clock.wall() < card.leased_until - ENOUGH:  # else it is left to its lease
                _record(card, _sent(card))
    gift_orders.settle_ready()
    if time.monotonic() >= ends_at:
        jobs.wake("rewards.send_gift_cards")


@transaction.atomic
def _hand_out_links() -> bool:
    """Hand the next links out, and tell it. Whether there may be more."""
    with connection.cursor() as cursor:
        cursor.execute(HAND_OUT, {"now": clock.wall(), "links": LINKS})
        found = [HandedOut(*row) for row in cursor.fetchall()]
    news: dict[datetime, list[Happening]] = defaultdict(list)  # by the time of their businesses
    for row in found:
        if row.is_unopened:
            card = GiftCard(
                business_id=row.business_id, order_id=row.order_id, pk=row.card_id, status=Status.DELIVERED
            )
            news[row.at].append(card_happened(GIFT_CARD_DELIVERED, card))
    for at, told in news.items():
        events.record(told, now=at)
    return bool(found)


def _claimed() -> Sequence[GiftCard]:
    """Take what is due next, committed, with everything that its message says."""
    now = clock.wall()
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "lease": now + LEASE, "share": SHARE})
        ids = [id for (id,) in cursor.fetchall()]
    rows = GiftCard.objects.filter(pk__in=ids).select_related("business", "order__business", "line__product")
    return list(rows.order_by("deliver_at", "id"))


def _sent(card: GiftCard) -> Outcome:
    """Send a claimed card's message by the first way that works. From a sandbox nothing leaves."""
    ways = gift_messages.ways_left(card)
    if card.occasion == Occasion.REMINDER and card.claimed_at:
        return Outcome(Status.CLAIMED)
    if card.business.is_sandbox:
        return Outcome(Status.SENT, next(iter(ways), ""))
    letter, refused = gift_letters.letter_about(card), list[tuple[str, str]]()
    for name in ways:
        try:
            CHANNELS[name].send(letter)
        except Refused as error:
            refused.append((name, str(error)))
        except Unreachable as error:
            if card.tries < MOST_TRIES:
                return Outcome(None, name, refused, str(error))
            refused.append((name, str(error)))
        else:
            return Outcome(Status.SENT, name, refused)
    return Outcome(Status.BOUNCED, refused=refused)


@transaction.atomic
def _record(claimed: GiftCard, outcome: Outcome) -> None:
    """Write down what became of a message, unless its lease was lost meanwhile, or somebody told more of it."""
    rows = GiftCard.objects.for_business(claimed.business).filter(pk=claimed.pk, leased_until=claimed.leased_until)
    card = rows.select_for_update(of=("self",)).select_related("business", "line__product").first()
    if card is None:
        return
    now = clock.now(card.business)
    card.leased_until = card.deliver_at = None
    card.failure = outcome.failure or next((reason for _, reason in reversed(outcome.refused)), "")
    for channel, reason in outcome.refused:
        gift_messages.note(card, channel=channel, status=Message.BOUNCED, now=now, reason=reason)
    if outcome.status is None:
        card.deliver_at = now + min(FIRST_WAIT * 2 ** (card.tries - 1), LONGEST_WAIT)
        card.channel = outcome.channel
    elif outcome.status == Status.BOUNCED:
        _stranded(card, now)
    elif outcome.status == Status.SENT:
        _left(card, outcome.channel, now)
    card.save()


def _left(card: GiftCard, channel: str, now: datetime) -> None:
    gift_messages.note(card, channel=channel, status=Message.SENT, now=now)
    card.status = Status.SENT if card.status in BEFORE_SENDING else card.status
    if card.occasion != Occasion.REMINDER:
        card.sent_at = now


def _stranded(card: GiftCard, now: datetime) -> None:
    if card.status not in (Status.VIEWED, Status.CLAIMED):
        gift_messages.strand(card, reason=card.failure, now=now)
