"""Accounts that turned out to be one person's: which one went on, and what moved to it."""

from django.db import models
from django.db.models import F, Q

from loyalty.kernel import clock
from loyalty.models.accounts import Account
from loyalty.models.base import TenantModel
from loyalty.models.metrics import Metric


class Merge(TenantModel):
    """One account's points and rows went over to another one, until this is undone."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    source = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    target = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    moved = models.JSONField(default=dict)  # holder of personal data → the ids of its rows that moved
    created_at = models.DateTimeField(default=clock.wall)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source"], condition=Q(undone_at=None), name="merged_into_one_account"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="nobody_merges_into_themselves"),
        ]
        indexes = [
            models.Index(fields=["business", "created_at"], name="merges_of_business"),
            models.Index(fields=["target"], condition=Q(undone_at=None), name="merges_into_account"),
        ]

    def __str__(self) -> str:
        return f"of {self.created_at:%Y-%m-%d %H:%M}"


class MovedLifetime(TenantModel):
    """What a merge added to the target's lifetime counts of a metric, and its undoing takes away again."""

    merge = models.ForeignKey(Merge, on_delete=models.PROTECT, related_name="lifetimes", db_index=False)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False)
    earned = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merge", "metric"], name="one_lifetime_per_merge_and_metric")]

    def __str__(self) -> str:
        return f"{self.earned} earned, {self.spent} spent"
