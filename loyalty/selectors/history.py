"""What people did and were paid in a window of time: read person by person, to be judged anew."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from loyalty.models import Account, Business, TaskCompletion
from loyalty.models.ledger import LedgerEntry

CHUNK = 2000  # rows that are in memory at once

# What the house tells stands among the events, also where nothing listened to it then.
HAPPENED = """
    SELECT account_id, name, topic, origin, data, at FROM (
        SELECT account_id, id, name, NULL AS topic, origin, data, occurred_at AS at FROM loyalty_action
        WHERE business_id = %(business)s AND account_id = ANY (%(people)s) AND undone_at IS NULL
            AND occurred_at >= %(from)s AND occurred_at < %(to)s AND name <> ALL (%(told)s)
        UNION ALL
        SELECT account_id, id, NULL, topic, 'server', facts, created_at FROM loyalty_event
        WHERE business_id = %(business)s AND account_id = ANY (%(people)s) AND topic = ANY (%(topics)s)
            AND created_at >= %(from)s AND created_at < %(to)s
    ) happened ORDER BY account_id, at, id
"""


@dataclass(frozen=True, slots=True)
class Window:
    """From when, and until before when, in programme time."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that somebody did, by its name, or that the house told, by its topic."""

    account_id: UUID
    name: str | None
    topic: str | None
    origin: str
    data: dict[str, Any]
    at: datetime


def happened(
    *,
    business: Business,
    account_ids: Collection[UUID],
    window: Window,
    told: Collection[str],
    topics: Collection[str],
) -> Iterator[Happened]:
    """All that these people did, each one's in the order of time. Within a transaction; few rows are held at once.

    :param told: names that are left out, for the house tells of them under `topics`
    """
    asked: dict[str, Any] = {
        "business": business.pk,
        "people": list(account_ids),
        "from": window.start,
        "to": window.end,
        "told": list(told),
        "topics": list(topics),
    }
    with connection.chunked_cursor() as cursor:
        cursor.execute(HAPPENED, asked)
        while rows := cursor.fetchmany(CHUNK):
            for account_id, name, topic, origin, data, at in rows:
                yield Happened(account_id, name, topic, origin, orjson.loads(data), at)


@dataclass(frozen=True, slots=True)
class Paid:
    """What somebody was paid in the window, by a rule or a quest, or by anything else."""

    account_id: UUID
    source: str
    by: UUID | None
    points: int
    times: int


PAID = """
    SELECT e.account_id, e.source_type, e.rule_id, sum(e.amount)::bigint, count(*)
    FROM loyalty_ledgerentry e JOIN loyalty_metric m ON m.id = e.metric_id
    WHERE e.business_id = %s AND e.account_id = ANY (%s) AND e.type = 'earn' AND m.key = 'points'
        AND e.occurred_at >= %s AND e.occurred_at < %s
    GROUP BY 1, 2, 3
"""


def paid(*, business: Business, account_ids: Collection[UUID], window: Window) -> list[Paid]:
    with connection.cursor() as cursor:
        cursor.execute(PAID, [business.pk, list(account_ids), window.start, window.end])
        return [Paid(*row) for row in cursor.fetchall()]


def paid_before(
    *, business: Business, account_ids: Collection[UUID], rule_ids: Collection[UUID], at: datetime
) -> Iterator[tuple[UUID, UUID, datetime]]:
    """When these rules had paid these people: account, rule, moment."""
    rows = LedgerEntry.objects.for_business(business).filter(account_id__in=account_ids, source_type="earn_rule")
    before = rows.filter(rule_id__in=rule_ids, type=LedgerEntry.Type.EARN, occurred_at__lt=at)
    for account_id, rule_id, paid_at in before.values_list("account_id", "rule_id", "occurred_at").iterator(CHUNK):
        assert rule_id is not None  # asked for
        yield account_id, rule_id, paid_at


def done(
    *, business: Business, account_ids: Collection[UUID], before: datetime
) -> list[tuple[UUID, UUID, str, str, datetime]]:
    """The steps that these people had done: account, quest, period, key of the step, moment."""
    rows = TaskCompletion.objects.for_business(business).filter(account_id__in=account_ids, completed_at__lt=before)
    return list(rows.values_list("account_id", "quest_id", "period", "task_key", "completed_at"))


STANDING = """
    SELECT a.id, a.tier_is_manual, t.key, b.amount, b.lifetime_earned,
        CASE %(basis)s
            WHEN 'balance' THEN b.amount
            WHEN 'lifetimeEarned' THEN b.lifetime_earned
            WHEN 'periodEarned' THEN b.lifetime_earned - coalesce(c.base, 0)
            WHEN 'spent' THEN b.lifetime_spent
            WHEN 'orders' THEN a.order_count
            WHEN 'tasks' THEN laurel_tasks_done(a.business_id, a.id)
        END
    FROM loyalty_account a
    LEFT JOIN loyalty_milestone t ON t.id = a.tier_id
    LEFT JOIN loyalty_metric m ON m.business_id = a.business_id AND m.key = %(metric)s
    LEFT JOIN loyalty_balance b ON b.account_id = a.id AND b.metric_id = m.id
    LEFT JOIN loyalty_climb c ON c.account_id = a.id AND c.set_id = t.set_id
    WHERE a.business_id = %(business)s AND a.id = ANY (%(people)s)
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands now: on which tier, and how much of what tiers go by they have."""

    account_id: UUID
    is_manual: bool
    tier: str | None
    balance: int
    value: int


def standings(*, business: Business, account_ids: Collection[UUID], basis: str, metric: str) -> dict[UUID, Standing]:
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {
            "basis": basis,
            "metric": metric,
            "business": business.pk,
            "people": list(account_ids),
        }
        cursor.execute(STANDING, asked)
        return {row[0]: Standing(row[0], row[1], row[2], row[3] or 0, max(0, row[5] or 0)) for row in cursor}


def page_of_people(*, business: Business, after: UUID | None, size: int) -> Sequence[Account]:
    """Those whose points move, by their ids."""
    rows = Account.objects.for_business(business).filter(status=Account.Status.ACTIVE).order_by("pk")
    return list((rows.filter(pk__gt=after) if after else rows)[:size])
