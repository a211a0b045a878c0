"""Gift cards that the programme owes: promised to somebody, and not to be ordered yet."""

from django.db import models
from django.db.models import Q

from loyalty.models.base import TenantModel
from rewards.models.gift_products import GiftProduct


class GiftPromise(TenantModel):
    """One card for one person, for `source`. It is deleted in the transaction that orders it."""

    advocate = models.ForeignKey("advocates.Advocate", on_delete=models.PROTECT, related_name="+", db_index=False)
    # No plain constraint: the migration's composite foreign key covers the business too.
    product = models.ForeignKey(
        GiftProduct, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    value_minor = models.BigIntegerField()
    source_type = models.CharField(max_length=40)
    source_id = models.CharField(max_length=128)
    reason = models.CharField(max_length=40)  # the code of what it waits for
    tried_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "source_type", "source_id"], name="one_promise_per_source"),
            models.CheckConstraint(condition=Q(value_minor__gt=0), name="a_promise_is_of_something"),
        ]
        indexes = [
            # The oldest of a business is kept first.
            models.Index(fields=["business", "created_at", "id"], name="gift_promises_by_age"),
        ]

    @property
    def cost(self) -> int:
        """What it takes from the deposit, in minor units."""
        return self.product.cost_of(self.value_minor)

    def __str__(self) -> str:
        return f"{self.source_type} {self.source_id}: {self.value_minor}"
