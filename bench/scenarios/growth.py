"""S6: what lists cost while a business grows a hundredfold: from 10,000 to 1,000,000 ledger entries."""

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from statistics import median

from psycopg import Connection
from psycopg.rows import TupleRow

from bench.client import Answer, Client
from bench.results import Figure, Results
from bench.world import Cast, World, wait_for

SMALL, LARGE = 10_000, 1_000_000
ASKED = 300  # times, each list

# A history as the ledger leaves it, but for the chain of hashes: entry, lot, event and published body.
GROW = """
    WITH grown AS MATERIALIZED (
        SELECT laurel_uuid7(now()) AS id, a.id AS account_id, a.business_id, m.id AS metric_id, n AS sequence,
            now() - interval '1 year' + n * interval '1 second' AS at,
            (SELECT count(*) FROM loyalty_event) + row_number() OVER () AS position
        FROM loyalty_account a JOIN loyalty_metric m ON m.business_id = a.business_id AND m.key = 'points'
        CROSS JOIN generate_series(a.event_sequence + 1, a.event_sequence + %(each)s) n
        WHERE a.business_id = %(business)s
    ), entries AS (
        INSERT INTO loyalty_ledgerentry (id, business_id, account_id, sequence, metric_id, type, amount, balance_after,
            source_type, source_id, reason, hash, occurred_at, recorded_at)
        SELECT id, business_id, account_id, sequence, metric_id, 'earn', 5, 5 * sequence, 'api', id::text, '{}',
            sha256(id::text::bytea), at, at FROM grown
    ), lots AS (
        INSERT INTO loyalty_lot (id, business_id, account_id, metric_id, entry_id, amount, remaining)
        SELECT id, business_id, account_id, metric_id, id, 5, 5 FROM grown
    ), told AS (
        INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, position, created_at)
        SELECT id, business_id, account_id, sequence, 'points/earned', '{}', position, at FROM grown
    )
    INSERT INTO loyalty_eventbody (id, business_id, event_id, body)
    SELECT id, business_id, id, '{"data": {}}' FROM grown
"""
COUNT = """
    UPDATE loyalty_account SET event_sequence = event_sequence + %(each)s WHERE business_id = %(business)s
"""


def measure(world: World, cast: Cast, results: Results) -> None:
    """Ask every list, and its page in the middle, before and after."""
    web = world.start("web", world.part("web").command)
    wait_for(web, world.options.port)
    with world.connect() as connection:
        _grow(connection, cast, SMALL)
        before = _ask(world, cast)
        _grow(connection, cast, LARGE - SMALL)
        after = _ask(world, cast)
    results.figures += [
        Figure(
            scenario="S6",
            what=f"{name}: {LARGE:,} entries beside {SMALL:,}",
            value=after[name] / before[name],
            unit="fold",
            goal=1.5,
            first_step=2,
        )
        for name in before
    ]


def _grow(connection: Connection[TupleRow], cast: Cast, entries: int) -> None:
    grown = {"business": cast.business, "each": entries // len(cast.accounts)}
    connection.execute(GROW, grown)
    connection.execute(COUNT, grown)
    connection.execute("VACUUM ANALYZE")


def _ask(world: World, cast: Cast) -> Mapping[str, float]:
    """The median time of each list's first page, and of one far behind it, in milliseconds."""
    person = f"/api/v1/advocates/{cast.accounts[0]}"
    lists = {"advocates": "/api/v1/advocates?limit=50", "transactions": f"{person}/transactions?limit=5"}
    lists |= {"events": "/api/v1/events?limit=50", "points": f"{person}/points"}
    with closing(Client(world.options.port)) as client:
        ask = partial(client.ask, bearer=cast.key)
        times = {name: _time(ask, path) for name, path in lists.items()}
        for name in ("advocates", "transactions", "events"):
            cursor = _far_cursor(ask, lists[name])
            times[f"{name}, far behind"] = _time(ask, f"{lists[name]}&cursor={cursor}")
    return times


def _time(ask: Callable[[str], Answer], path: str) -> float:
    return median(ask(path).ms for _ in range(ASKED))


def _far_cursor(ask: Callable[[str], Answer], path: str) -> str:
    """Where the second page starts, or the tenth: as far as the small history goes."""
    cursor: str = json.loads(ask(path).body)["nextCursor"]
    for _ in range(8):
        cursor = json.loads(ask(f"{path}&cursor={cursor}").body).get("nextCursor") or cursor
    return cursor
