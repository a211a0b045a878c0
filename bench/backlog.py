"""Makes events for a number of endpoints: `python -m bench.backlog BUSINESS ACCOUNT URL ENDPOINTS EVENTS`."""

import os
import sys
from uuid import UUID

import django


def add(business_id: UUID, account_id: UUID, url: str, *, endpoints: int, events: int) -> None:
    """What is committed at once is due at once: until then no worker has anything to do."""
    from django.db import transaction  # noqa: PLC0415  # after the settings

    from loyalty.models import Business  # noqa: PLC0415
    from loyalty.services import ledger  # noqa: PLC0415
    from webhooks.models import Endpoint  # noqa: PLC0415
    from webhooks.services import endpoints as service  # noqa: PLC0415

    business = Business.objects.get(pk=business_id)
    for number in range(Endpoint.objects.for_business(business).count(), endpoints):
        service.create(business=business, url=f"{url}{number}", topics=["points/earned"])
    with transaction.atomic():
        for _ in range(events):
            ledger.award(business=business, account_id=account_id, amount=1)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    business, account, url, endpoints, events = sys.argv[1:]
    add(UUID(business), UUID(account), url, endpoints=int(endpoints), events=int(events))
