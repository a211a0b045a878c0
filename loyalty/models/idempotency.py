"""What was answered to a request that carried an Idempotency-Key."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from loyalty.kernel import clock
from loyalty.models.base import BusyTenantModel


class IdempotencyRecord(BusyTenantModel):
    """Unique per scope and key, written in the transaction of its effect.

    The answer is either sealed (`status`, `answer`), or follows from the ledger entry that the request made,
    or is a refusal by the ledger's functions.
    """

    scope = models.UUIDField()  # the business, or for a user's token the account
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.BinaryField(null=True)
    entry_id = models.UUIDField(null=True)
    refusal = models.JSONField(null=True)
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="one_answer_per_key")]
        indexes = [BrinIndex(fields=["created_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return self.key
