"""Makes lots that are due, in a process with Laurel's environment, or lets them expire and tells what that took."""

import os
import resource
import sys
from time import perf_counter
from typing import Any
from uuid import UUID

import django
import msgspec

LOTS_EACH = 4  # of a person: two days, two lots each
PAGE = 2_000  # people

# By the function that every award calls, so that the books are whole.
AWARD = """
    SELECT count(laurel_award(%(business)s, a.id, 'points', 'earn', 25, 'api', NULL, NULL, NULL, '{}', '',
        'points/earned', '{"action": "api"}', now(), date_trunc('day', now()) - make_interval(days => n %% 2), NULL,
        9007199254740991, NULL, NULL, NULL))
    FROM unnest(%(accounts)s::uuid[]) a(id) CROSS JOIN generate_series(1, %(each)s) n
"""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What letting them expire took: `lots` of them, in seconds, with so many megabytes at most."""

    lots: int
    seconds: float
    megabytes: float


def make(business_id: UUID, lots: int) -> None:
    """Open accounts that have so many due lots together."""
    from django.db import connection, transaction  # noqa: PLC0415  # after the settings

    from loyalty.models import Account, Business  # noqa: PLC0415
    from loyalty.services import accounts, postings  # noqa: PLC0415

    business = Business.objects.get(pk=business_id)
    for start in range(0, lots // LOTS_EACH, PAGE):
        postings.measure()  # as before each batch of awards
        with transaction.atomic(), connection.cursor() as cursor:
            people = [Account() for _ in range(min(PAGE, lots // LOTS_EACH - start))]
            accounts.open_accounts(business=business, accounts=people)
            named: dict[str, Any] = {
                "business": business_id,
                "accounts": [account.pk for account in people],
                "each": LOTS_EACH,
            }
            cursor.execute(AWARD, named)


def sweep() -> Swept:
    """Let expire what is due, as the job does."""
    from loyalty.services import settlement  # noqa: PLC0415

    started = perf_counter()
    lots = settlement.settle_due()
    seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Swept(lots=lots, seconds=seconds, megabytes=peak)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    if sys.argv[1] == "make":
        make(UUID(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.stdout.buffer.write(msgspec.json.encode(sweep()))
