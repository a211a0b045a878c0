"""Reads of merges: where a person is now, who they were, and what undoing would bring back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest, Least

from loyalty.models import Merge
from loyalty.models.ledger import Balance, LedgerEntry, Lot

BEFORE = """
    WITH RECURSIVE before AS (
        SELECT source_id FROM loyalty_merge WHERE target_id = ANY (%s) AND undone_at IS NULL
        UNION ALL
        SELECT m.source_id FROM before b JOIN loyalty_merge m ON m.target_id = b.source_id AND m.undone_at IS NULL
    )
    SELECT source_id FROM before
"""

HOMES = """
    SELECT DISTINCT ON (a.id) a.id, way.target_id
    FROM unnest(%s::uuid[]) AS a(id), LATERAL laurel_way_home(a.id) AS way ORDER BY a.id, way.step DESC
"""


def home_of(account_id: UUID) -> UUID:
    """The account that took over from this one; itself, if none did."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT target_id FROM laurel_way_home(%s) ORDER BY step DESC LIMIT 1", [account_id])
        row = cursor.fetchone()
    return row[0] if row else account_id


def homes_of(account_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Of merged accounts, each with the one that took over at last: one query."""
    with connection.cursor() as cursor:
        cursor.execute(HOMES, [list(account_ids)])
        return dict(cursor.fetchall())


def merged_into(*account_ids: UUID) -> list[UUID]:
    """The accounts that these took over from, at first or second hand."""
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, [list(account_ids)])
        return [id for (id,) in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Returning:
    """What a merge moved of a metric, and what of it is still there to be moved back; below zero, what is owed."""

    metric: str
    moved: int
    left: int


def returning(merge: Merge) -> Sequence[Returning]:
    entries = LedgerEntry.objects.filter(
        business_id=merge.business_id, account_id=merge.target_id, type=LedgerEntry.Type.TRANSFER
    )
    came = entries.filter(amount__gt=0, reason__mergeId=str(merge.pk))
    lots = Lot.objects.filter(business_id=merge.business_id, entry__in=came)
    sums = lots.values("metric__title").annotate(moved=Coalesce(Sum("amount"), 0), left=Coalesce(Sum("remaining"), 0))
    points = sums.order_by("metric__title").values_list("metric__title", "moved", "left")
    return [Returning(*row) for row in (*points, *_debts(entries.filter(reason__debtOfMerge=str(merge.pk))))]


def _debts(entries: "QuerySet[LedgerEntry]") -> Sequence[tuple[str, int, int]]:
    owed = entries.filter(amount__lt=0).values("metric__title", "account", "metric").annotate(moved=Sum("amount"))
    balance = Balance.objects.filter(
        business_id=OuterRef("business"), account_id=OuterRef("account"), metric_id=OuterRef("metric")
    )
    left = Greatest("moved", Least(Subquery(balance.values("amount")[:1]), 0))
    return list(owed.annotate(left=left).order_by("metric__title").values_list("metric__title", "moved", "left"))
