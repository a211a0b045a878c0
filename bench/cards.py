"""Orders links by thousands and makes them, in a process with Laurel's environment, and tells what that took."""

import os
import resource
import sys
from decimal import Decimal
from time import perf_counter, process_time
from uuid import UUID

import django
import msgspec

VALUE = Decimal(20)


class Fulfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What it took until the order was completed: seconds by the clock, and of this process's processor; megabytes at
    most, and how many of them came with the order.
    """

    cards: int
    seconds: float
    busy: float
    megabytes: float
    grown: float


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
    before, started, busy = _peak(), perf_counter(), process_time()
    placed = gift_orders.place(business=business, account_id=account.pk, type="Links", po_number="1", asked=[line])
    gift_orders.fill_waiting()
    gift_sending.send_due()
    seconds, busy = perf_counter() - started, process_time() - busy
    order = GiftOrder.objects.for_business(business).get(pk=placed.order.pk)
    made = GiftCard.objects.for_business(business).filter(order=order, status=GiftCard.Status.DELIVERED).count()
    if order.status != GiftOrder.Status.COMPLETED:
        raise RuntimeError(f"the order is {order.status}")
    return Fulfilled(cards=made, seconds=seconds, busy=busy, megabytes=_peak(), grown=_peak() - before)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    sys.stdout.buffer.write(msgspec.json.encode(fulfil(UUID(sys.argv[1]), int(sys.argv[2]))))
