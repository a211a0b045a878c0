"""The twelve invariants of the ledger, and who asks them.

INV2, INV4, INV5, INV8 to INV10 and INV12 are checks of `verification`; so is of INV11 that a reversal and its original
sum to nothing. What follows from them, or is refused by the database itself, is asked here, in case a constraint goes.
"""

from django.db import connection

CHECKS = {
    "INV1 what moves between accounts sums to nothing": """
        SELECT business_id, metric_id FROM loyalty_ledgerentry WHERE type = 'transfer'
        GROUP BY 1, 2 HAVING sum(amount) <> 0
    """,
    "INV3 nobody has less than their floor": """
        SELECT business_id, account_id FROM loyalty_balance WHERE amount < floor OR amount < 0 OR pending < 0
    """,
    "INV6 what came in is spent, expired, held, or still there": """
        SELECT b.business_id, b.account_id FROM loyalty_balance b
        LEFT JOIN loyalty_ledgerentry e ON e.account_id = b.account_id AND e.metric_id = b.metric_id
        GROUP BY b.id HAVING b.amount + b.pending - coalesce(sum(e.amount) FILTER (WHERE e.amount < 0), 0)
            <> coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0)
    """,
    "INV7 what was posted for one cause was posted once": """
        SELECT business_id, min(id::text) FROM loyalty_ledgerentry
        GROUP BY business_id, source_type, source_id, type HAVING count(*) > 1
    """,
    "INV11 no more was reversed than there was, once or bit by bit, and only a reversal reverses": """
        SELECT r.business_id, min(r.id::text) FROM loyalty_ledgerentry r
        LEFT JOIN loyalty_ledgerentry e ON e.id = r.reverses_id
        WHERE r.reverses_id IS NOT NULL OR r.type = 'reverse'
        GROUP BY r.business_id, r.reverses_id
        HAVING bool_or(r.type <> 'reverse') OR r.reverses_id IS NULL OR bool_or(sign(r.amount) = sign(e.amount))
            OR abs(sum(r.amount)) > abs(min(e.amount)) OR count(*) > 1 AND min(e.amount) < 0
    """,
}


def offences() -> list[tuple[str, str, str]]:
    """Which invariant, whose, and what breaks it."""
    found = []
    with connection.cursor() as cursor:
        for name, sql in CHECKS.items():
            cursor.execute(sql)
            found += [(name, str(owner), str(offender)) for owner, offender in cursor.fetchall()]
    return found
