"""Files of gift cards that a merchant brings: checked as a whole, and sent as one order."""

from typing import Any

from django.db import models

from loyalty.kernel import clock
from loyalty.models.base import TenantModel
from rewards.models.gift_orders import GiftOrder


class GiftUpload(TenantModel):
    """One file. Its rows name people, so they are kept until it is sent, or forgotten when nobody sends it."""

    po_number = models.CharField(max_length=100)
    title = models.CharField(max_length=200)  # the file's name
    digest = models.CharField(max_length=64)  # SHA-256 of what is in it
    type = models.CharField(max_length=20, choices=GiftOrder.Type)
    rows: Any = models.JSONField(default=list)  # of each: its line, and its cells by our names of the columns
    problems: Any = models.JSONField(default=list)  # of each: line, column, message
    size = models.PositiveIntegerField()  # rows
    cards = models.PositiveIntegerField(default=0)  # of the rows that are right
    total_minor = models.BigIntegerField(default=0)  # what these cost
    currency = models.CharField(max_length=3)
    # No plain constraint: the migration's composite foreign key covers the business too.
    order = models.ForeignKey(
        GiftOrder, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    author = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order"], name="one_upload_per_gift_order")]
        indexes = [models.Index(fields=["business", "-created_at", "-id"], name="gift_uploads_newest_first")]

    def __str__(self) -> str:
        return self.title
