"""The ledger: append-only entries, the lots they left, and the balances that cache them.

Private to `loyalty`: other apps ask `loyalty.selectors.ledger` and act through `loyalty.services.ledger`.
Rows are written by the functions in `migrations/sql/`, which lock the account first. See `docs/ledger.md`.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from loyalty.kernel import points
from loyalty.models.accounts import Account
from loyalty.models.base import BusyTenantModel, TenantModel
from loyalty.models.metrics import Metric

NO_NOTICE = 32_767  # more days than anybody is warned before: nobody was


class Balance(TenantModel):
    """What an account has of a metric: a cache of its entries, proven by `manage.py verify_ledger`."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="balances", db_index=False)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField(default=0)  # may be spent now
    pending = models.BigIntegerField(default=0)  # ripens later
    lifetime_earned = models.BigIntegerField(default=0)
    lifetime_spent = models.BigIntegerField(default=0)
    floor = models.BigIntegerField(default=0)
    active_at = models.DateTimeField(db_default=Now())  # when something was earned or spent last
    # Where silence lets it expire: the date that its holder was told, and how many days before at the latest.
    expires_at = models.DateTimeField(null=True)
    notice_days = models.SmallIntegerField(db_default=NO_NOTICE)

    class Meta:
        constraints = [
            # With its business, so that entries can name all three: an account has but one.
            models.UniqueConstraint(fields=["account", "metric", "business"], name="one_balance_per_metric"),
            # One, for each is read anew in each statement: above its floor, and a number that every reader takes.
            models.CheckConstraint(
                condition=Q(amount__gte=F("floor"), pending__gte=0, amount__lte=points.MAX_BALANCE - F("pending")),
                name="balance_in_range",
            ),
        ]
        indexes = [
            # Lists of people by their points: filters and orders.
            models.Index(fields=["business", "metric", "amount", "account"], name="balances_by_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.metric_id} for {self.account_id}"


class LedgerEntry(BusyTenantModel):
    """One posting between an account and the counter-side that its type names. Never changed, never deleted."""

    class Type(models.TextChoices):
        EARN = "earn"  # from issuance
        SPEND = "spend"  # to redemption
        ADJUST = "adjust"  # with the operator
        EXPIRE = "expire"  # to expiry
        REVERSE = "reverse"  # undoes another entry
        TRANSFER = "transfer"  # with another account

    # No plain constraints: composite foreign keys name the account with its business, and its balance of the metric.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    sequence = models.BigIntegerField()  # of the event that tells of it
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    type = models.CharField(max_length=10, choices=Type)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    source_type = models.CharField(max_length=40)
    source_id = models.CharField(max_length=128)
    rule_id = models.UUIDField(null=True)
    rule_version = models.IntegerField(null=True)
    reason = models.JSONField(default=dict)  # why this much: codes, ids and numbers only
    reverses = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    hash = models.BinaryField(max_length=32)  # SHA-256 of the account's previous hash and this row's facts
    occurred_at = models.DateTimeField()  # programme time
    recorded_at = models.DateTimeField()  # real time

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            # Histories read it backwards.
            models.UniqueConstraint(fields=["account", "sequence"], name="one_entry_per_sequence"),
            models.UniqueConstraint(
                fields=["business", "source_type", "source_id", "type"], name="nothing_is_posted_twice"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="an_entry_moves_something"),
        ]
        indexes = [
            models.Index(fields=["business", "occurred_at"], name="entries_by_time"),
            models.Index(fields=["reverses"], condition=Q(reverses__isnull=False), name="reversals_of_entry"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.amount:+}"


class EntryText(BusyTenantModel):
    """What a caller wrote about an entry. Beside it, because erasing a person clears it."""

    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="text")
    description = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.description


class Lot(BusyTenantModel):
    """What an earning entry left. Spending takes the soonest to expire first; a reversal restores the same lots."""

    # No plain constraints here either: both are the entry's.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True)
    ripens_at = models.DateTimeField(null=True)  # null once it has ripened
    notice_days = models.SmallIntegerField(db_default=NO_NOTICE)  # how many days before its holder was warned

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining__gte=0) & Q(remaining__lte=F("amount")), name="lot_remaining_in_range"
            )
        ]
        indexes = [
            models.Index(
                fields=["account", "metric", "expires_at", "id"],
                condition=Q(remaining__gt=0),
                name="open_lots_in_spending_order",
            ),
            # The sweeps go through these, a page at a time.
            models.Index(
                fields=["business", "expires_at", "id"],
                condition=Q(remaining__gt=0, expires_at__isnull=False),
                name="open_lots_by_expiry",
            ),
            models.Index(
                fields=["business", "ripens_at", "id"],
                condition=Q(remaining__gt=0, ripens_at__isnull=False),
                name="lots_to_ripen",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.amount}"


class LotUse(BusyTenantModel):
    """How much of a lot an entry took."""

    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="+", db_index=False)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "lot"], name="one_use_per_entry_and_lot"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_use_takes_something"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of lot {self.lot_id}"
