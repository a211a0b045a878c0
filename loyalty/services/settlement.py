"""Points that fell due: pending ones ripen, old ones expire, and their holders are warned before.

Each sweep goes through what is due a page at a time, and settles the accounts of a page in one transaction. An account
that somebody is busy with is left for the next round, so no sweep waits for anybody. One that cannot be settled keeps
nobody else from being so. Stopped anywhere, the next one goes on; two at once share the work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from loyalty import events
from loyalty.kernel import clock
from loyalty.kernel.rounds import Round
from loyalty.services import climbing

PAGE = 250  # whoever wants to award meanwhile waits no longer than these take

FIRST_LOT = (datetime.min.replace(tzinfo=UTC), UUID(int=0))
FIRST_BALANCE = (0, UUID(int=0))

RIPENING = """
    SELECT l.account_id, l.ripens_at, l.id FROM loyalty_lot l
    WHERE l.business_id = %(business)s AND l.remaining > 0 AND l.ripens_at <= %(now)s
        AND (l.ripens_at, l.id) > (%(last)s, %(last_id)s)
    ORDER BY l.ripens_at, l.id LIMIT %(page)s
"""
EXPIRING = """
    SELECT l.account_id, l.expires_at, l.id FROM loyalty_lot l
    WHERE l.business_id = %(business)s AND l.remaining > 0 AND l.expires_at <= %(now)s AND l.ripens_at IS NULL
        AND (l.expires_at, l.id) > (%(last)s, %(last_id)s)
    ORDER BY l.expires_at, l.id LIMIT %(page)s
"""
# Lots of which somebody has had less notice than was due by now, but for those of which they are told at midnight.
UNWARNED = """
    SELECT l.account_id, l.expires_at, l.id FROM loyalty_lot l
    JOIN loyalty_metric m ON m.id = l.metric_id JOIN loyalty_business b ON b.id = m.business_id
    WHERE l.business_id = %(business)s AND l.remaining > 0 AND l.expires_at > %(now)s
        AND l.expires_at <= %(now)s + make_interval(days => 2 + (
            SELECT max(days) FROM loyalty_metric, unnest(warn_days) days WHERE business_id = %(business)s))
        AND l.notice_days > laurel_notice(l.expires_at, m.warn_days, b.timezone, %(now)s)
        AND NOT (l.notice_days = 32767 AND laurel_waits(l, b.timezone, %(now)s))
        AND (l.expires_at, l.id) > (%(last)s, %(last_id)s)
    ORDER BY l.expires_at, l.id LIMIT %(page)s
"""
# Balances that silence lets expire now, or of which their holder should have been told by now.
SILENT = """
    SELECT account_id, amount, account_id FROM (
        SELECT b.account_id, b.amount, b.notice_days, b.expires_at AS told, m.warn_days, s.timezone AS zone,
            greatest(b.expires_at, laurel_end_of_day(b.active_at,
                make_interval(months => m.expiry_months, days => m.expiry_days), s.timezone)) AS ends_at
        FROM loyalty_balance b
        JOIN loyalty_metric m ON m.id = b.metric_id JOIN loyalty_business s ON s.id = m.business_id
        WHERE b.business_id = %(business)s AND m.business_id = %(business)s AND m.expiry_basis = 'inactivity'
            AND b.amount > greatest(m.minimum, 0) AND (b.amount, b.account_id) > (%(last)s, %(last_id)s)
    ) held
    WHERE ends_at <= %(now)s
        OR laurel_notice(ends_at, warn_days, zone, %(now)s) < CASE told WHEN ends_at THEN notice_days ELSE 32767 END
    ORDER BY amount, account_id LIMIT %(page)s
"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Pages of accounts: `pages` answers (account, key of the row in two parts) behind the last key."""

    pages: str
    first: tuple[object, UUID]


RIPE = Sweep(RIPENING, FIRST_LOT)
EXPIRED = Sweep(EXPIRING, FIRST_LOT)
TO_WARN = Sweep(UNWARNED, FIRST_LOT)
SILENCE = Sweep(SILENT, FIRST_BALANCE)


def settle_due() -> int:
    """Let pending lots ripen, and old ones expire. Answers how many lots did."""
    return _sweep("settle_due_lots", RIPE, EXPIRED)


def warn_due() -> None:
    """Tell whoever should be told by now which of their points expire, and when."""
    _sweep("warn_of_expiry", TO_WARN)


def settle_silence() -> int:
    """Warn those who have earned and spent nothing for long, and let the balances of the warned expire."""
    return _sweep("settle_silence", SILENCE)


def _sweep(name: str, *sweeps: Sweep) -> int:
    with Round(name) as work:
        return sum(_settle(business_id, offset, sweep, work) for business_id, offset in _clocks() for sweep in sweeps)


def _settle(business_id: UUID, offset: timedelta, sweep: Sweep, work: Round) -> int:
    """Settle all of one business that a sweep finds, on its own clock."""
    wall = clock.wall()
    serve = partial(_settle_accounts, business_id, wall)
    settled = 0
    with work.piece(business=business_id):
        for account_ids in _pages(business_id, wall + offset, sweep):
            settled += work.page(serve, account_ids, business=business_id)
    return settled


def _clocks() -> Sequence[tuple[UUID, timedelta]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, clock_offset FROM loyalty_business ORDER BY id")
        return list(cursor.fetchall())


def _pages(business_id: UUID, now: datetime, sweep: Sweep) -> Iterator[list[UUID]]:
    last, last_id = sweep.first
    while True:
        place: dict[str, Any] = {"business": business_id, "now": now, "last": last, "last_id": last_id, "page": PAGE}
        with connection.cursor() as cursor:
            cursor.execute(sweep.pages, place)
            rows = cursor.fetchall()
        if rows:
            yield [account_id for account_id, *_ in rows]
        if len(rows) < PAGE:
            return
        _, last, last_id = rows[-1]


@transaction.atomic
def _settle_accounts(business_id: UUID, wall: datetime, account_ids: Sequence[UUID]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s, laurel_moves(false) FROM laurel_settle_accounts(%s, %s, %s) s",
            [business_id, list(account_ids), wall],
        )
        settled, moves = cursor.fetchone()
    events.announce(climbing.moves(business_id, moves))
    events.nudge()
    return int(settled)
