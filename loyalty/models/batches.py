"""Many things that were done in one call."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class Batch(TenantModel):
    """One batch call. What each item said is kept where it went: the ledger, the people."""

    class Kind(models.TextChoices):
        POINTS = "points"
        ADVOCATES = "advocates"
        EVENTS = "events"
        ORDERS = "orders"
        PRODUCTS = "products"

    kind = models.CharField(max_length=20, choices=Kind)
    # What each item made, in the order sent, and null where it failed; of events and orders, all that they earned.
    made = ArrayField(models.UUIDField(null=True))
    # Of people: up to which of their events each had come by joining. Who has more has done something since.
    reached = ArrayField(models.BigIntegerField(null=True), default=list)
    author = models.CharField(max_length=80, blank=True)  # the key's name
    created_at = models.DateTimeField(default=clock.wall)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            # Named by what other apps remember for an undo, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="batch_with_its_business"),
        ]
        indexes = [models.Index(fields=["business", "created_at", "id"], name="batches_by_age")]

    def __str__(self) -> str:
        return f"{len(self.made)} {self.kind}"
