"""Taking what is due, so that nobody else does: fair over businesses and endpoints, a few at a time from each."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from loyalty.kernel import clock
from webhooks.models import Endpoint

LEASE = timedelta(seconds=30)  # twice as long as a try may take; then it is anybody's again
FAILING = 3  # so many failures in a row, and an endpoint is tried with one delivery at a time

# Endpoints with something due, however long their queues. The recursion hops from one endpoint to the next in the
# index of pending deliveries, whose order it asks for. Whoever holds an endpoint's lock is claiming from it, and we
# look elsewhere.
LOCK = """
    WITH RECURSIVE waiting AS (
        (SELECT endpoint_id FROM webhooks_delivery WHERE status = 'pending'
         ORDER BY endpoint_id, next_attempt_at LIMIT 1)
        UNION ALL
        SELECT (SELECT d.endpoint_id FROM webhooks_delivery d
                WHERE d.status = 'pending' AND d.endpoint_id > w.endpoint_id
                ORDER BY d.endpoint_id, d.next_attempt_at LIMIT 1)
        FROM waiting w WHERE w.endpoint_id IS NOT NULL
    )
    SELECT e.id FROM webhooks_endpoint e
    WHERE e.id IN (SELECT endpoint_id FROM waiting) AND e.status = 'active'
        AND (e.held_until IS NULL OR e.held_until <= %(now)s)
        AND EXISTS (
            SELECT FROM webhooks_delivery d
            WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.next_attempt_at <= %(now)s
                AND (d.leased_until IS NULL OR d.leased_until <= %(now)s))
    FOR NO KEY UPDATE OF e SKIP LOCKED
"""

# A statement of its own: it sees what the last holder of the locks committed. Every business's first goes before
# anybody's second. A lease may be over while its late result is just being written down: that one is not free.
CLAIM = """
    WITH open AS (
        SELECT e.id, e.business_id, CASE WHEN e.failures >= %(failing)s THEN 1 ELSE %(share)s END - (
            SELECT count(*) FROM webhooks_delivery f WHERE f.endpoint_id = e.id AND f.leased_until > %(now)s) AS room
        FROM webhooks_endpoint e WHERE e.id = ANY(%(endpoints)s)
    ), due AS (
        SELECT d.id, row_number() OVER (PARTITION BY o.business_id ORDER BY d.turn, d.next_attempt_at) AS turn
        FROM open o CROSS JOIN LATERAL (
            SELECT d.id, d.next_attempt_at, row_number() OVER (ORDER BY d.next_attempt_at, d.sequence) AS turn
            FROM webhooks_delivery d
            WHERE d.endpoint_id = o.id AND d.status = 'pending' AND d.next_attempt_at <= %(now)s
                AND (d.leased_until IS NULL OR d.leased_until <= %(now)s)
            ORDER BY d.next_attempt_at, d.sequence LIMIT greatest(o.room, 0)
        ) d
        ORDER BY turn LIMIT %(most)s
    ), free AS (
        SELECT d.id FROM due JOIN webhooks_delivery d USING (id)
        WHERE d.status = 'pending' AND (d.leased_until IS NULL OR d.leased_until <= %(now)s)
        FOR NO KEY UPDATE OF d SKIP LOCKED
    ), claimed AS (
        UPDATE webhooks_delivery d SET leased_until = %(lease)s, claims = d.claims + 1
        FROM free WHERE d.id = free.id RETURNING d.*
    )
    SELECT c.endpoint_id, c.id, c.event_id, c.url, c.topic, c.sequence, c.next_attempt_at, c.attempts_made,
        c.attempts_before, c.claims, c.leased_until, coalesce(b.body, c.example), c.reply_sealed
    FROM claimed c LEFT JOIN loyalty_eventbody b ON b.event_id = c.event_id
    ORDER BY c.next_attempt_at, c.sequence
"""


class Claim(NamedTuple):
    """A delivery that is ours until `leased_until`. It has neither a body nor a reply if what it told was erased."""

    endpoint: Endpoint
    id: UUID
    event_id: UUID | None
    url: str  # a reply's
    topic: str
    sequence: int
    due_at: datetime
    attempts_made: int
    attempts_before: int  # its schedule began anew
    claims: int
    leased_until: datetime
    body: memoryview | bytes | None
    reply_sealed: memoryview | bytes | None = None


@transaction.atomic
def claim(free: int) -> list[Claim]:
    """Take due deliveries from endpoints that have room for more."""
    now = clock.wall()
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"now": now})
        endpoint_ids = [endpoint_id for (endpoint_id,) in cursor.fetchall()]
        if not endpoint_ids:
            return []
        bounds = {"most": most_of(free), "share": share_of(free), "failing": FAILING}
        cursor.execute(CLAIM, {"now": now, "lease": now + LEASE, "endpoints": endpoint_ids, **bounds})
        rows = cursor.fetchall()
    endpoints = Endpoint.objects.in_bulk(endpoint_ids)
    return [Claim(endpoints[endpoint_id], *row) for endpoint_id, *row in rows]


def most_of(free: int) -> int:
    """How many are taken at once: half of what is free, so that something is left when all of them hang."""
    return max(1, free // 2)


def share_of(free: int) -> int:
    """How much of what is free one endpoint may have in flight: a quarter, so that the slow never take it all."""
    return max(1, free // 4)
