"""Lets people hold points and minutes pass, in a process with Laurel's environment; tells what that took."""

import os
import sys
from datetime import timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import django
import msgspec

MINUTES = 5
MOVERS = 100  # every so manieth earns something in a minute

# Nobody asks these people's entries: who holds what is all that counts.
OPEN = """
    INSERT INTO loyalty_account (id, business_id, external_id, status, timezone, tier_is_manual, event_sequence,
        ledger_hash, last_event_at, read_sequence, order_count, created_at)
    SELECT laurel_uuid7(%(at)s), %(business)s, 'staker-' || n, 'active', '', false, 0, decode(repeat('00', 32), 'hex'),
        %(at)s, 0, 0, %(at)s
    FROM generate_series(1, %(people)s) n
"""
HOLD = "UPDATE loyalty_balance SET amount = 1000 + (random() * 10000)::bigint WHERE business_id = %(business)s"
# By the function that every award calls, so that the events say what was held when.
EARN = """
    SELECT count(laurel_award(%(business)s, a.id, 'points', 'earn', 1, 'api', NULL, NULL, NULL, '{}', '',
        'points/earned', '{"action": "api"}', %(at)s, NULL, NULL, 9007199254740991, NULL, NULL, NULL))
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM loyalty_account WHERE business_id = %(business)s) a
    WHERE a.number %% %(movers)s = %(minute)s
"""


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What one minute took at the most, in seconds and statements, and how many it was shared among."""

    people: int
    seconds: float
    statements: int


def share(business_id: UUID, people: int) -> Shared:
    """Open accounts that hold points, let some of them earn in each minute, and share each out as the job does."""
    from django.db import connection  # noqa: PLC0415  # after the settings
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    from loyalty.kernel import clock  # noqa: PLC0415
    from loyalty.models import Business, HoldAccrual  # noqa: PLC0415
    from loyalty.services import accrual, hold_programmes  # noqa: PLC0415
    from loyalty.services.hold_rules import HoldRules, Pool  # noqa: PLC0415

    business = Business.objects.get(pk=business_id)
    noon = clock.wall()
    named: dict[str, Any] = {"business": business_id, "people": people, "movers": MOVERS}
    with connection.cursor() as cursor:
        for statement in (OPEN, HOLD, "ANALYZE"):
            cursor.execute(statement, named | {"at": noon - timedelta(days=1)})
    with clock.moved_to(noon):
        rules = HoldRules(pool=Pool(per_day=1_000_000))
        hold_programmes.create(business=business, title="Pool", rules=rules, status="active")
    slowest, statements = 0.0, 0
    for minute in range(1, MINUTES + 1):
        at = noon + timedelta(minutes=minute)
        with connection.cursor() as cursor:
            cursor.execute(EARN, named | {"at": at, "minute": minute})
        with clock.moved_to(at), CaptureQueriesContext(connection) as asked:
            started = perf_counter()
            accrual.accrue_due()
            slowest = max(slowest, perf_counter() - started)
        statements = max(statements, len(asked))
    assert HoldAccrual.objects.for_business(business).count() >= people
    return Shared(people=people, seconds=slowest, statements=statements)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    sys.stdout.buffer.write(msgspec.json.encode(share(UUID(sys.argv[1]), int(sys.argv[2]))))
