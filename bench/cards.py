"""Orders links by thousands and makes them, in a process with Laurel's environment, and tells what that took."""

import os
import resource
import sys
from decimal import Decimal
from time import perf_counter
from uuid import UUID

import django
import msgspec

VALUE = Decimal(20)


class Fulfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What it took until the order was completed: so many cards, in seconds, with so many megabytes at most."""

    cards: int
    seconds: float
    megabytes: float


def fulfil(business_id: UUID, cards: int) -> Fulfilled:
    """Order so many links, and do what the workers do."""
    from loyalty.models import Business  # noqa: PLC0415  # after the settings
    from rewards.models import GiftCard, GiftOrder  # noqa: PLC0415
    from rewards.services import (  # noqa: PLC0415
        gift_accounts,
        gift_funds,
        gift_lines,
        gift_orders,
        gift_products,
        gift_sending,
    )

    business = Business.objects.get(pk=business_id)
    gift_products.create(business=business, key="BENCH", name="Bench", min_minor=100, max_minor=10_000)
    account, _ = gift_accounts.open_account(business=business, email="bench@example.com")
    asked = gift_funds.request(business=business, amount_minor=cards * int(VALUE) * 100)
    gift_funds.apply(business=business, request_id=asked.pk)
    line = gift_lines.Asked("BENCH", VALUE, quantity=cards)
    started = perf_counter()
    placed = gift_orders.place(business=business, account_id=account.pk, type="Links", po_number="1", asked=[line])
    gift_orders.fill_waiting()
    gift_sending.send_due()
    seconds = perf_counter() - started
    order = GiftOrder.objects.for_business(business).get(pk=placed.order.pk)
    made = GiftCard.objects.for_business(business).filter(order=order, status=GiftCard.Status.DELIVERED).count()
    if order.status != GiftOrder.Status.COMPLETED:
        raise RuntimeError(f"the order is {order.status}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Fulfilled(cards=made, seconds=seconds, megabytes=peak)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    sys.stdout.buffer.write(msgspec.json.encode(fulfil(UUID(sys.argv[1]), int(sys.argv[2]))))
