"""Points that fell due: pending ones ripen, old ones expire. An account at a time, so that nothing waits long."""

from collections.abc import Iterator
from uuid import UUID

from django.db import connection

from loyalty.kernel import clock
from loyalty.services import ledger

BATCH = 500

# Every business has its own clock: what is due is asked against each one's.
DUE = """
    SELECT DISTINCT l.business_id, l.account_id FROM loyalty_lot l
    JOIN loyalty_business b ON b.id = l.business_id
    WHERE l.remaining > 0 AND (l.ripens_at <= %(wall)s + b.clock_offset
        OR l.ripens_at IS NULL AND l.expires_at <= %(wall)s + b.clock_offset)
    LIMIT %(batch)s
"""


def settle_due() -> int:
    """Settle every account with a due lot. Answers how many lots; safe to run twice, or twice at once."""
    return sum(ledger.settle(business_id=business_id, account_id=account_id) for business_id, account_id in _due())


def _due() -> Iterator[tuple[UUID, UUID]]:
    while True:
        with connection.cursor() as cursor:
            cursor.execute(DUE, {"wall": clock.wall(), "batch": BATCH})
            found = cursor.fetchall()
        yield from found
        if len(found) < BATCH:
            return
