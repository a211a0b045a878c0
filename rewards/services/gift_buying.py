"""Buying the codes of remote providers: each is claimed in a committed row, asked for, and written down.

Whoever is killed in between leaves a lease that ends; the next one asks again with the same idempotency key, and gets
the code that was bought. So nothing is bought twice, and a card that is not to be had gives its price back.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import aiohttp
import structlog
from django.conf import settings
from django.db import connection, transaction

from loyalty.kernel import clock, jobs, net
from loyalty.kernel.money import money_text
from rewards.models import GiftCard, GiftPurchase
from rewards.services import card_codes, gift_cards, gift_funds, gift_orders
from rewards.services.kinds.providers import REMOTES
from rewards.services.kinds.providers.base import Bought, Refused, Unreachable, Wish

SHARE = 20  # codes that are asked for at the same time
TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)
LEASE = timedelta(seconds=120)
ROUND_SECONDS = 20.0  # then another task goes on, so that no worker waits long for this one
MOST_TRIES = 10  # over about eight hours
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=4)
REST = timedelta(seconds=30)  # of a provider that answers nobody, so that others' cards go first
BUY = "rewards.buy_gift_codes"

# Found in a CTE: a subquery may be asked again for every purchase, and would find others each time.
CLAIM = """
    WITH due AS (
        SELECT id FROM rewards_giftpurchase
        WHERE due_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)
        ORDER BY due_at, id LIMIT %(share)s FOR UPDATE SKIP LOCKED
    )
    UPDATE rewards_giftpurchase p SET leased_until = %(lease)s, tries = p.tries + 1
    FROM due WHERE p.id = due.id RETURNING p.id
"""

Outcome = Bought | Refused | Unreachable
log = structlog.get_logger(__name__)


def buy_due() -> None:
    """Buy what is due until nothing is, or until it is another task's turn."""
    ends_at = time.monotonic() + ROUND_SECONDS
    while time.monotonic() < ends_at and (claimed := _claimed()):
        outcomes = asyncio.run(_ask(claimed))
        for purchase, outcome in zip(claimed, outcomes, strict=True):
            _write_down(purchase, outcome)
        _let_rest(claimed, outcomes)
        jobs.wake("rewards.send_gift_cards")
    if time.monotonic() >= ends_at:
        jobs.wake(BUY)


def _claimed() -> Sequence[GiftPurchase]:
    """Take what is due next, committed, with everything that is asked for."""
    now = clock.wall()
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "lease": now + LEASE, "share": SHARE})
        ids = [id for (id,) in cursor.fetchall()]
    rows = GiftPurchase.objects.filter(pk__in=ids).select_related("business", "product", "card__order", "card__line")
    return list(rows.order_by("due_at", "id"))


async def _ask(claimed: Sequence[GiftPurchase]) -> Sequence[Outcome]:
    guard = net.Guard(net.networks(settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS))
    async with net.session(guard, timeout=TIMEOUT) as session:
        return await asyncio.gather(*(_outcome(session, purchase) for purchase in claimed))


async def _outcome(session: aiohttp.ClientSession, purchase: GiftPurchase) -> Outcome:
    card, product = purchase.card, purchase.product
    wish = Wish(str(card.pk), money_text(card.line.value_minor, product.currency), product.currency)
    try:
        return await REMOTES[product.provider].buy(session, product=product, wish=wish)
    except (Refused, Unreachable) as error:
        return error
    except Exception:  # one provider's misfortune
        log.exception("gift_purchase_failed", id=str(purchase.pk))
        return Unreachable("We failed to ask the provider.")


def _write_down(purchase: GiftPurchase, outcome: Outcome) -> None:
    """What we fail to write down keeps nobody else's from being so: it is left to its lease."""
    try:
        _record(purchase, outcome)
    except Exception:
        log.exception("gift_purchase_not_recorded", id=str(purchase.pk))


@transaction.atomic
def _record(purchase: GiftPurchase, outcome: Outcome) -> None:
    """Write down what became of a purchase, unless its lease was lost meanwhile: the next one hears the same.

    A card that was given up meanwhile has its price back: it gets no code, and is asked for no more.
    """
    gift_orders.locked(purchase.business, purchase.card.order_id)
    rows = GiftCard.objects.for_business(purchase.business).filter(pk=purchase.card_id)
    cards = rows.exclude(status__in=gift_orders.GONE)
    is_wanted = cards.exists()
    if isinstance(outcome, Bought) and card_codes.is_known(business=purchase.business, code=outcome.code):
        outcome = Unreachable("The provider sent a code that it had sent before.")
    failure = "" if isinstance(outcome, Bought) else str(outcome)
    is_over = not isinstance(outcome, Unreachable) or purchase.tries >= MOST_TRIES or not is_wanted
    wait = min(FIRST_WAIT * 2 ** (purchase.tries - 1), LONGEST_WAIT)
    leased = GiftPurchase.objects.for_business(purchase.business).filter(
        pk=purchase.pk, leased_until=purchase.leased_until
    )
    held = leased.update(
        due_at=None if is_over else clock.wall() + wait,
        leased_until=None,
        failure=failure[:200],
        reference=outcome.reference if isinstance(outcome, Bought) else "",
    )
    if not held or not is_wanted:
        return
    if isinstance(outcome, Bought):
        card_codes.put(business=purchase.business, texts={purchase.card_id: outcome.code})
        cards.update(deliver_at=purchase.card.line.deliver_at, failure="")
    elif is_over:
        _fail(purchase, failure)
    else:
        cards.update(failure=failure[:200])


def _fail(purchase: GiftPurchase, reason: str) -> None:
    card = purchase.card
    failed = gift_cards.fail(purchase.business, [card.pk], reason=reason[:200])
    cost = [(id, card.line.cost_minor) for id in failed]
    gift_funds.give_back(business=purchase.business, cards=cost, currency=card.order.currency)


def _let_rest(claimed: Sequence[GiftPurchase], outcomes: Sequence[Outcome]) -> None:
    """Put off what is due of products whose provider answered nobody."""
    answered = {
        purchase.product_id
        for purchase, outcome in zip(claimed, outcomes, strict=True)
        if not isinstance(outcome, Unreachable)
    }
    tired: set[UUID] = {purchase.product_id for purchase in claimed} - answered
    now = clock.wall()
    due = GiftPurchase.objects.filter(product__in=tired, due_at__lte=now, leased_until=None)
    due.update(due_at=now + REST)
