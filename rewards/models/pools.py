"""Pools of codes that somebody else made: promo codes to hand out, each to one person."""

from django.db import models

from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class CodePool(TenantModel):
    """A supply of codes under one key. Archived ones keep their codes, and no reward may name them anew."""

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=120)
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False, default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_code_pool_per_key"),
            # Named by codes and rewards through composite foreign keys, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="code_pool_with_its_business"),
        ]
        indexes = [
            # The list, newest first.
            models.Index(fields=["business", "-created_at", "-id"], name="code_pools_newest_first"),
        ]

    def __str__(self) -> str:
        return self.title
