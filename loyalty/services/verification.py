"""Proof that the books balance: each check is one query that answers the ids of what breaks it.

Apps above register theirs in `ready()`. Run by `manage.py verify_ledger`, every night, and after every test.
"""

from dataclasses import dataclass

from django.db import connection

from loyalty.models import Business


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` answers (business id, id of the offender); `%(business)s` narrows it to one business, or is null."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    business_id: str
    offender: str


CHECKS: list[Check] = [
    Check(
        "a balance is the sum of its entries",
        """
        SELECT coalesce(b.business_id, e.business_id), coalesce(b.account_id, e.account_id)
        FROM loyalty_balance b
        FULL JOIN (SELECT business_id, account_id, metric_id, sum(amount) AS total
                   FROM loyalty_ledgerentry GROUP BY 1, 2, 3) e
            ON e.account_id = b.account_id AND e.metric_id = b.metric_id
        WHERE coalesce(b.amount + b.pending, 0) <> coalesce(e.total, 0)
            AND (%(business)s::uuid IS NULL OR coalesce(b.business_id, e.business_id) = %(business)s::uuid)
        """,
    ),
    Check(
        "a balance is the sum of its lots",
        """
        SELECT b.business_id, b.account_id FROM loyalty_balance b
        LEFT JOIN (SELECT account_id, metric_id, sum(remaining) FILTER (WHERE ripens_at IS NULL) AS ripe,
                       sum(remaining) FILTER (WHERE ripens_at IS NOT NULL) AS unripe
                   FROM loyalty_lot GROUP BY 1, 2) l
            ON l.account_id = b.account_id AND l.metric_id = b.metric_id
        WHERE (greatest(b.amount, 0) <> coalesce(l.ripe, 0) OR b.pending <> coalesce(l.unripe, 0))
            AND (%(business)s::uuid IS NULL OR b.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "an entry's lots add up to it",
        """
        SELECT e.business_id, e.id FROM loyalty_ledgerentry e
        LEFT JOIN (SELECT entry_id, sum(amount) AS total FROM loyalty_lotuse GROUP BY 1) u ON u.entry_id = e.id
        LEFT JOIN loyalty_lot l ON l.entry_id = e.id
        WHERE (e.type IN ('spend', 'expire') AND coalesce(u.total, 0) <> -e.amount
               OR e.type = 'earn' AND coalesce(l.amount, 0) <> e.amount)
            AND (%(business)s::uuid IS NULL OR e.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "the chain of an account's entries is whole",
        """
        SELECT business_id, id FROM (
            SELECT e.business_id, e.id, e.hash, laurel_entry_hash(
                coalesce(lag(e.hash) OVER (PARTITION BY e.account_id ORDER BY e.sequence),
                    decode(repeat('00', 32), 'hex')),
                e.id, e.business_id, e.account_id, e.sequence, e.metric_id, e.type, e.amount, e.balance_after,
                e.source_type, e.source_id, e.rule_id, e.rule_version, e.reason, e.reverses_id, e.occurred_at,
                e.recorded_at) AS expected
            FROM loyalty_ledgerentry e WHERE %(business)s::uuid IS NULL OR e.business_id = %(business)s::uuid
        ) chained WHERE hash <> expected
        UNION ALL
        SELECT a.business_id, a.id FROM loyalty_account a
        LEFT JOIN LATERAL (SELECT e.hash FROM loyalty_ledgerentry e WHERE e.account_id = a.id
                           ORDER BY e.sequence DESC LIMIT 1) latest ON true
        WHERE a.ledger_hash <> coalesce(latest.hash, decode(repeat('00', 32), 'hex'))
            AND (%(business)s::uuid IS NULL OR a.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "every entry has its event",
        """
        SELECT e.business_id, e.id FROM loyalty_ledgerentry e
        LEFT JOIN loyalty_event v ON v.account_id = e.account_id AND v.sequence = e.sequence
        WHERE (v.id IS NULL OR v.facts ->> 'entryId' <> e.id::text)
            AND (%(business)s::uuid IS NULL OR e.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "an account's events are numbered without gaps",
        """
        SELECT a.business_id, a.id FROM loyalty_account a
        LEFT JOIN (SELECT account_id, count(*) AS events, max(sequence) AS latest
                   FROM loyalty_event WHERE account_id IS NOT NULL GROUP BY 1) v ON v.account_id = a.id
        WHERE (a.event_sequence <> coalesce(v.events, 0) OR a.event_sequence <> coalesce(v.latest, 0))
            AND (%(business)s::uuid IS NULL OR a.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "a feed's positions have no gaps",
        """
        SELECT v.business_id, v.business_id FROM loyalty_event v
        WHERE v.position IS NOT NULL AND (%(business)s::uuid IS NULL OR v.business_id = %(business)s::uuid)
        GROUP BY v.business_id HAVING count(*) <> max(v.position)
        """,
    ),
    Check(
        "times never run backwards inside an account",
        """
        SELECT business_id, id FROM (
            SELECT v.business_id, v.id, v.created_at,
                lag(v.created_at) OVER (PARTITION BY v.account_id ORDER BY v.sequence) AS before
            FROM loyalty_event v WHERE v.account_id IS NOT NULL
                AND (%(business)s::uuid IS NULL OR v.business_id = %(business)s::uuid)
        ) timed WHERE created_at < before
        """,
    ),
    Check(
        "nothing crosses businesses",
        """
        SELECT e.business_id, e.id FROM loyalty_ledgerentry e
        JOIN loyalty_account a ON a.id = e.account_id JOIN loyalty_metric m ON m.id = e.metric_id
        WHERE (e.business_id <> a.business_id OR e.business_id <> m.business_id)
            AND (%(business)s::uuid IS NULL OR e.business_id = %(business)s::uuid)
        UNION ALL
        SELECT l.business_id, l.id FROM loyalty_lot l JOIN loyalty_ledgerentry e ON e.id = l.entry_id
        WHERE (l.business_id <> e.business_id OR l.account_id <> e.account_id)
            AND (%(business)s::uuid IS NULL OR l.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "a transfer has its other side, and its lots; one of a debt those that paid it",
        """
        SELECT e.business_id, e.id FROM loyalty_ledgerentry e
        LEFT JOIN loyalty_ledgerentry other ON other.id::text = e.source_id AND other.type = 'transfer'
            AND other.source_id = e.id::text AND other.metric_id = e.metric_id
        LEFT JOIN (SELECT entry_id, sum(amount) AS total FROM loyalty_lotuse GROUP BY 1) u ON u.entry_id = e.id
        WHERE e.type = 'transfer' AND (other.id IS NULL OR other.amount <> -e.amount
                OR e.amount < 0 AND coalesce(u.total, 0) <> CASE WHEN e.reason ? 'debtOfMerge'
                    THEN least(-e.amount, greatest(0, e.balance_after - e.amount)) ELSE -e.amount END)
            AND (%(business)s::uuid IS NULL OR e.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "a merged account holds nothing, and says where it went",
        """
        SELECT a.business_id, a.id FROM loyalty_account a
        LEFT JOIN loyalty_merge m ON m.source_id = a.id AND m.undone_at IS NULL
        WHERE ((a.status = 'merged') <> (m.id IS NOT NULL) AND a.status <> 'erased'
               OR m.id IS NOT NULL AND EXISTS (SELECT FROM loyalty_balance b
                    WHERE b.account_id = a.id AND (b.amount, b.pending, b.lifetime_earned, b.lifetime_spent)
                        <> (0, 0, 0, 0)))
            AND (%(business)s::uuid IS NULL OR a.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "whoever has a period on a ladder is looked at when it ends",
        """
        SELECT a.business_id, a.id FROM loyalty_climb c
        JOIN loyalty_account a ON a.id = c.account_id AND a.status IN ('active', 'blocked')
        JOIN loyalty_milestoneset s ON s.id = c.set_id AND s.archived_at IS NULL AND s.period_months IS NOT NULL
        WHERE (c.period_to IS NULL OR a.climbs_due_at IS NULL OR a.climbs_due_at > c.period_to)
            AND (%(business)s::uuid IS NULL OR a.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "reversals undo an entry of the same person, and no more of it than there was",
        """
        SELECT o.business_id, o.id FROM loyalty_ledgerentry r JOIN loyalty_ledgerentry o ON o.id = r.reverses_id
        WHERE %(business)s::uuid IS NULL OR r.business_id = %(business)s::uuid
        GROUP BY o.id HAVING sign(sum(r.amount)) <> -sign(o.amount) OR abs(sum(r.amount)) > abs(o.amount)
            OR o.amount < 0 AND sum(r.amount) <> -o.amount
            OR bool_or(r.account_id <> o.account_id AND NOT EXISTS (
                SELECT FROM loyalty_merge m WHERE m.source_id = o.account_id))  -- of them a person may have two
        """,
    ),
    Check(
        "what somebody has of an item is what came and did not go",
        """
        SELECT coalesce(h.business_id, c.business_id), coalesce(h.account_id, c.account_id)
        FROM loyalty_holding h
        FULL JOIN (SELECT business_id, account_id, item_id, sum(quantity) AS total
                   FROM loyalty_holdingchange GROUP BY 1, 2, 3) c
            ON c.account_id = h.account_id AND c.item_id = h.item_id
        WHERE coalesce(h.quantity, 0) <> coalesce(c.total, 0)
            AND (%(business)s::uuid IS NULL OR coalesce(h.business_id, c.business_id) = %(business)s::uuid)
        """,
    ),
    Check(
        "what is given of an item with a stock is what people have",
        """
        SELECT i.business_id, i.id FROM loyalty_inventoryitem i
        LEFT JOIN (SELECT item_id, sum(quantity) AS total FROM loyalty_holding GROUP BY 1) h ON h.item_id = i.id
        WHERE i.stock IS NOT NULL AND i.given <> coalesce(h.total, 0)
            AND (%(business)s::uuid IS NULL OR i.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "an item that changed hands left one and reached the other",
        """
        SELECT c.business_id, c.id FROM loyalty_holdingchange c
        LEFT JOIN loyalty_holdingchange other ON other.id::text = c.source_id AND other.source_type = 'merge'
            AND other.source_id = c.id::text AND other.item_id = c.item_id AND other.account_id <> c.account_id
        WHERE c.source_type = 'merge' AND (other.id IS NULL OR other.quantity <> -c.quantity)
            AND (%(business)s::uuid IS NULL OR c.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "what a hold programme poured out lies with people, was posted, or is kept",
        """
        SELECT p.business_id, p.id FROM loyalty_holdprogramme p
        LEFT JOIN (SELECT programme_id, sum(parts) AS total
                   FROM loyalty_holdaccrual GROUP BY 1) h ON h.programme_id = p.id
        WHERE p.poured <> p.kept + coalesce(h.total, 0)
            AND (%(business)s::uuid IS NULL OR p.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "what is said to be posted of accruals is what the ledger has, and no more than there was",
        """
        SELECT h.business_id, h.id FROM loyalty_holdaccrual h
        LEFT JOIN loyalty_holdposting p ON p.accrual_id = h.id AND p.business_id = h.business_id
        LEFT JOIN (SELECT business_id, split_part(source_id, ':', 1) AS accrual, sum(amount) AS total
                   FROM loyalty_ledgerentry WHERE source_type = 'hold' AND type = 'earn' GROUP BY 1, 2) e
            ON e.business_id = h.business_id AND e.accrual = h.id::text
        WHERE (coalesce(p.points, 0) <> coalesce(e.total, 0) OR p.points * 1440000 > h.parts)
            AND (%(business)s::uuid IS NULL OR h.business_id = %(business)s::uuid)
        """,
    ),
    Check(
        "what tap meters say was earned is what the ledger has",
        """
        SELECT m.business_id, m.id FROM loyalty_tapmeter m
        LEFT JOIN (SELECT business_id, split_part(source_id, ':', 1) AS meter, sum(amount) AS total
                   FROM loyalty_ledgerentry WHERE source_type = 'tap' AND type = 'earn' GROUP BY 1, 2) e
            ON e.business_id = m.business_id AND e.meter = m.id::text
        WHERE m.earned <> coalesce(e.total, 0)
            AND (%(business)s::uuid IS NULL OR m.business_id = %(business)s::uuid)
        """,
    ),
]


def register_check(name: str, sql: str) -> None:
    CHECKS.append(Check(name, sql))


def verify(business: Business | None = None) -> list[Finding]:
    """Run every check over one business, or all of them. Changes nothing; an empty list is the proof."""
    parameters = {"business": business.pk if business else None}
    findings: list[Finding] = []
    with connection.cursor() as cursor:
        for check in CHECKS:
            cursor.execute(check.sql, parameters)
            findings += [Finding(check.name, str(owner), str(offender)) for owner, offender in cursor.fetchall()]
    return findings
