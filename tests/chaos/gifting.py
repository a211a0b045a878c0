"""Orders gift cards by e-mail, each for somebody else, in a process with Laurel's environment."""

import os
import sys
from decimal import Decimal
from uuid import UUID

import django

VALUE = Decimal(1)
DEPOSIT = 10_000_00
CHUNK = 500  # cards that a worker makes in one transaction


def guest(number: int) -> str:
    return f"guest{number}@example.com"


def order(business_id: UUID, cards: int) -> None:
    from loyalty.models import Business  # noqa: PLC0415  # after the settings
    from rewards.services import gift_accounts, gift_funds, gift_orders, gift_products  # noqa: PLC0415
    from rewards.services.gift_lines import Asked  # noqa: PLC0415

    business = Business.objects.get(pk=business_id)
    gift_products.create(business=business, key="CHAOS", name="Chaos", min_minor=100, max_minor=10_000)
    account, _ = gift_accounts.open_account(business=business, email="chaos@example.com")
    funding = gift_funds.request(business=business, amount_minor=DEPOSIT)
    gift_funds.apply(business=business, request_id=funding.pk)
    asked = [Asked("CHAOS", VALUE, email=guest(number)) for number in range(cards)]
    gift_orders.place(business=business, account_id=account.pk, type="DigitalDelivery", po_number="1", asked=asked)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    order(UUID(sys.argv[1]), int(sys.argv[2]))
