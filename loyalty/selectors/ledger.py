"""Reads of the ledger: what people have, how they came to it, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, FilteredRelation, Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from loyalty.kernel import database, points
from loyalty.kernel.errors import NotFound
from loyalty.models import Business, HoldAccrual, Metric
from loyalty.models.hold import PARTS
from loyalty.models.ledger import Balance, LedgerEntry, Lot, LotUse

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Wallet:
    """What an account has of one metric."""

    amount: int = 0
    pending: int = 0
    lifetime_earned: int = 0
    lifetime_spent: int = 0
    is_due: bool = False  # something was accrued that is not posted yet: see `loyalty.services.wallets`


@dataclass(frozen=True, slots=True)
class Expiring:
    amount: int
    expires_at: datetime


EMPTY = Wallet()


def wallets(*, business: Business, account_ids: Iterable[UUID], metric: str = "points") -> Mapping[UUID, Wallet]:
    """A wallet for each account, empty ones too, in one query."""
    account_ids = list(account_ids)
    rows = Balance.objects.for_business(business).filter(account_id__in=account_ids, metric__key=metric)
    columns = ("account_id", "amount", "pending", "lifetime_earned", "lifetime_spent", "is_due")
    due = rows.annotate(is_due=Exists(_accrued(business, OuterRef("account_id")))).values_list(*columns)
    found = {
        account_id: Wallet(amount, pending, earned, spent, is_due)
        for account_id, amount, pending, earned, spent, is_due in due
    }
    return {account_id: found.get(account_id, EMPTY) for account_id in account_ids}


ROOMS = """
    SELECT a.id, greatest(0, coalesce(m.maximum, %s) - coalesce(b.amount + b.pending, 0))
    FROM loyalty_account a
    LEFT JOIN loyalty_metric m ON m.business_id = a.business_id AND m.key = %s
    LEFT JOIN loyalty_balance b ON b.account_id = a.id AND b.metric_id = m.id
    WHERE a.business_id = %s AND a.id = ANY (%s)
"""


def rooms(*, business: Business, account_ids: Iterable[UUID], metric: str = "points") -> dict[UUID, int]:
    """How much more of a metric each account can hold: one query."""
    cursor = database.prepared_cursor()
    cursor.execute(ROOMS, [points.MAX_BALANCE, metric, business.pk, list(account_ids)])
    return dict(cursor.fetchall())


def last_earned(
    *, business: Business, account_ids: Iterable[UUID], metrics: Iterable[str]
) -> dict[tuple[UUID, str], datetime]:
    """When accounts have earned or spent of these metrics for the last time: one query."""
    rows = Balance.objects.for_business(business).filter(account_id__in=list(account_ids))
    columns = rows.filter(metric__key__in=list(metrics)).values_list("account_id", "metric__key", "active_at")
    return {(account_id, metric): at for account_id, metric, at in columns}


def landings(*, business: Business, entry_ids: Iterable[UUID]) -> dict[UUID, tuple[str, int, int]]:
    """Of entries, each with its metric, its amount and the balance after it: one query."""
    rows = LedgerEntry.objects.for_business(business).filter(pk__in=list(entry_ids))
    columns = rows.values_list("pk", "metric__key", "amount", "balance_after")
    return {pk: (metric, amount, after) for pk, metric, amount, after in columns}


def metrics_of(*, business: Business, account_id: UUID) -> dict[str, Wallet]:
    """Every metric of the programme with what the account has of it."""
    live = Metric.objects.for_business(business).filter(archived_at=None).order_by("key")
    due = live.annotate(is_due=Exists(_accrued(business, account_id).filter(programme__pays=OuterRef("pk"))))
    metrics = {key: Wallet(is_due=is_due) for key, is_due in due.values_list("key", "is_due")}
    rows = Balance.objects.for_business(business).filter(account_id=account_id, metric__archived_at=None)
    columns = ("metric__key", "amount", "pending", "lifetime_earned", "lifetime_spent")
    for key, amount, pending, earned, spent in rows.values_list(*columns):
        metrics[key] = Wallet(amount, pending, earned, spent, metrics[key].is_due)
    return metrics


def is_due(*, business: Business, account_id: UUID) -> bool:
    """Whether whole points of any metric wait to be posted: one query."""
    return _accrued(business, account_id).exists()


def is_owed(business: Business) -> Exists:
    """For accounts of a business, the same beside the rest of a row: no query more."""
    return Exists(_accrued(business, OuterRef("pk")))


def _accrued(business: Business, account_id: Any) -> "QuerySet[HoldAccrual]":
    """Whole points that wait to be posted."""
    rows: Any = HoldAccrual.objects.for_business(business).filter(account=account_id).with_posted()
    found: QuerySet[HoldAccrual] = rows.filter(waiting__gte=PARTS)
    return found


# Lots with a day, and, of a balance that silence lets expire, what will be left of it by then.
EXPIRING = """
    WITH held AS (
        SELECT b.account_id, b.metric_id, b.amount - greatest(m.minimum, 0) AS amount,
            CASE m.expiry_basis WHEN 'inactivity' THEN greatest(b.expires_at, laurel_end_of_day(b.active_at,
                make_interval(months => m.expiry_months, days => m.expiry_days), s.timezone)) END AS ends_at
        FROM loyalty_balance b
        JOIN loyalty_metric m ON m.id = b.metric_id JOIN loyalty_business s ON s.id = b.business_id
        WHERE b.business_id = %(business)s AND b.account_id = %(account)s AND m.key = %(metric)s
    ), dated AS (
        SELECT l.remaining AS amount, l.expires_at, l.ripens_at
        FROM held JOIN loyalty_lot l USING (account_id, metric_id)
        WHERE l.remaining > 0 AND (l.expires_at < held.ends_at OR held.ends_at IS NULL OR l.ripens_at IS NOT NULL)
    ), expiring AS (
        SELECT amount, expires_at FROM dated WHERE expires_at IS NOT NULL
        UNION ALL
        SELECT amount - (SELECT coalesce(sum(amount), 0) FROM dated WHERE ripens_at IS NULL), ends_at FROM held
        WHERE ends_at IS NOT NULL
    )
    SELECT sum(amount)::bigint, expires_at FROM expiring GROUP BY expires_at HAVING sum(amount) > 0
    ORDER BY expires_at LIMIT 20
"""


def expiring(*, business: Business, account_id: UUID, metric: str = "points") -> list[Expiring]:
    """What will expire and when, soonest first, if nothing happens before; at most the next 20 dates. One query."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRING, {"business": business.pk, "account": account_id, "metric": metric})
        return [Expiring(*row) for row in cursor.fetchall()]


def entries(*, business: Business, account_id: UUID) -> "QuerySet[LedgerEntry]":
    """An account's entries with metric and text; page them by `-sequence`."""
    rows = LedgerEntry.objects.for_business(business).filter(account_id=account_id)
    return rows.select_related("metric", "text")


def earned(*, business: Business, account_ids: Iterable[UUID]) -> list[UUID]:
    """The entries by which accounts have earned something, oldest first."""
    rows = LedgerEntry.objects.for_business(business).filter(account_id__in=account_ids, type=LedgerEntry.Type.EARN)
    return list(rows.order_by("account_id", "sequence").values_list("pk", flat=True))


def entry_of(*, business: Business, source_type: str, source_id: str) -> UUID | None:
    """What was earned for a source, by whomever: they may have been merged since."""
    return entries_by_source(business=business, source_type=source_type, source_ids=[source_id]).get(source_id)


def entries_by_source(*, business: Business, source_type: str, source_ids: Iterable[str]) -> dict[str, UUID]:
    """What was earned for each of these sources: one query."""
    rows = LedgerEntry.objects.for_business(business).filter(source_type=source_type, source_id__in=list(source_ids))
    return dict(rows.filter(type=LedgerEntry.Type.EARN).values_list("source_id", "pk"))


def entries_and_reversals(*, business: Business, source_type: str, source_ids: Iterable[str]) -> list[LedgerEntry]:
    """What was posted for these sources, and what reversed that, in the order in which it happened: one query."""
    rows = LedgerEntry.objects.for_business(business)
    posted = rows.filter(source_type=source_type, source_id__in=list(source_ids))
    found = rows.filter(Q(pk__in=posted.values("pk")) | Q(reverses__in=posted.values("pk")))
    return list(found.select_related("metric", "text").order_by("recorded_at", "pk"))


def paid_for(*, business: Business, source_type: str, source_ids: Iterable[str]) -> list[LedgerEntry]:
    """What was earned for these sources, and not reversed since."""
    rows = LedgerEntry.objects.for_business(business)
    paid = rows.filter(source_type=source_type, source_id__in=list(source_ids), type=LedgerEntry.Type.EARN)
    standing = paid.filter(~Exists(rows.filter(reverses=OuterRef("pk"))))
    return list(standing.select_related("metric").order_by("pk"))


@dataclass(frozen=True, slots=True)
class Earning:
    """By what somebody has earned something."""

    entry_id: UUID
    account_id: UUID
    metric: str
    source_type: str


def earnings(*, business: Business, entry_ids: Iterable[UUID]) -> dict[UUID, Earning]:
    """Those of these entries that earned something which was not reversed since."""
    rows = LedgerEntry.objects.for_business(business)
    earned = rows.filter(pk__in=list(entry_ids), type=LedgerEntry.Type.EARN)
    standing = earned.filter(~Exists(rows.filter(reverses=OuterRef("pk"))))
    columns = ("pk", "account_id", "metric__key", "source_type")
    return {row[0]: Earning(*row) for row in standing.values_list(*columns)}


def undone_by(*, business: Business, entry_ids: Iterable[UUID]) -> list[UUID]:
    """The entries that these reversals undid."""
    rows = LedgerEntry.objects.for_business(business).filter(pk__in=list(entry_ids), reverses__isnull=False)
    return [undone for undone in rows.values_list("reverses_id", flat=True) if undone is not None]


def unexpired_of(*, business: Business, entry_id: UUID) -> int:
    """How much of what an entry gave has not expired: one query."""
    theirs = LotUse.objects.for_business(business).filter(lot__entry=OuterRef("pk"))
    expired = theirs.filter(entry__type=LedgerEntry.Type.EXPIRE).order_by().values("lot__entry")
    gone = Subquery(expired.annotate(gone=Sum("amount")).values("gone"))
    rows = LedgerEntry.objects.for_business(business).filter(pk=entry_id)
    left: int = rows.values_list(F("amount") - Coalesce(gone, 0), flat=True).get()
    return left


def with_points(rows: "QuerySet[Row]", *, business: Business) -> "QuerySet[Row]":
    """Annotate rows with an `account` with its `points`, for filters and orders. Everyone has a balance of them."""
    metric = Metric.objects.for_business(business).filter(key="points")
    of_points = Q(account__balances__business=business, account__balances__metric=Subquery(metric.values("pk")))
    joined: Any = rows.annotate(wallet=FilteredRelation("account__balances", condition=of_points))
    found: QuerySet[Row] = joined.filter(wallet__isnull=False).annotate(points=F("wallet__amount"))
    return found


@dataclass(frozen=True, slots=True)
class Why:
    """Why an entry has its amount: the rule and version, its inputs, and the lots it made or took."""

    entry: LedgerEntry
    made: list[Lot]
    took: list[LotUse]


def why(*, business: Business, account_id: UUID, entry_id: UUID) -> Why:
    """:raises NotFound: if the account has no such entry"""
    entry = entries(business=business, account_id=account_id).filter(pk=entry_id).first()
    if entry is None:
        raise NotFound("transaction")
    made = Lot.objects.for_business(business).filter(entry_id=entry_id)
    took = LotUse.objects.for_business(business).filter(entry_id=entry_id)
    return Why(
        entry,
        list(made),
        list(took.select_related("lot").order_by("lot_id")),
    )
