"""What was answered to a request that carried an Idempotency-Key."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.base import BusyTenantModel


class IdempotencyRecord(BusyTenantModel):
    """Unique per scope and key, written in the transaction of its effect.

    The answer is either sealed (`status`, `answer`), or follows from the ledger entry that the request made,
    or is a refusal by the ledger's functions.
    """

    scope = models.UUIDField()  # the business, or for a user's token the account
    key = models.CharField(max_length=255)  # its SHA-256: callers write what they like into keys
    fingerprint = models.BinaryField(max_length=32)
    status = models.SmallIntegerField(null=True)
    answer = models.BinaryField(null=True)
    entry_id = models.UUIDField(null=True)
    refusal = models.JSONField(null=True)
    names = ArrayField(models.UUIDField(), null=True)  # the ids in the answer: whoever is erased is among them
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="one_answer_per_key")]
        indexes = [
            BrinIndex(fields=["created_at"], name="idempotency_by_age"),
            GinIndex(fields=["names"], condition=Q(names__isnull=False), name="idempotency_by_name"),
        ]

    def __str__(self) -> str:
        return self.key
