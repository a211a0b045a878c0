"""Purchases and gifts: which advocate took which reward, for how many points, and what became of it."""

from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.base import TenantModel
from rewards.models.rewards import Reward


class Redemption(TenantModel):
    """One purchase of a reward: its points are the ledger entry `entry_id`. Without one it was given, for `source`."""

    class Status(models.TextChoices):
        PENDING_APPROVAL = "pending_approval"
        PENDING_ACKNOWLEDGEMENT = "pending_acknowledgement"
        ISSUED = "issued"
        USED = "used"
        FULFILLED = "fulfilled"
        CANCELLED = "cancelled"
        EXPIRED = "expired"  # unused: its points stay spent, and its stock taken

    OPEN: Final = (Status.PENDING_APPROVAL, Status.PENDING_ACKNOWLEDGEMENT, Status.ISSUED)

    # No plain constraint: the migration's composite foreign key covers the business too.
    reward = models.ForeignKey(Reward, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    advocate = models.ForeignKey("advocates.Advocate", on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=30, choices=Status)
    points = models.BigIntegerField()
    quantity = models.PositiveIntegerField(default=1)
    terms = models.JSONField()  # what was sold, as it was then: type, value, currency
    coupon_code = models.CharField(max_length=64, null=True)  # noqa: DJ001  # unique where there is one
    entry_id = models.UUIDField(null=True)  # of the ledger's spend
    source_type = models.CharField(max_length=40, null=True)  # noqa: DJ001  # what a gift was given for, once
    source_id = models.CharField(max_length=128, null=True)  # noqa: DJ001  # as above
    order_id = models.CharField(max_length=128, blank=True)  # the shop's own, of the order that used the coupon
    acknowledge_by = models.DateTimeField(null=True)  # programme time; cancelled when it passes unacknowledged
    expires_at = models.DateTimeField(null=True)  # programme time; the first moment at which its coupon is not good
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=clock.wall)
    updated_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "coupon_code"], name="one_redemption_per_coupon"),
            models.UniqueConstraint(fields=["entry_id"], name="one_redemption_per_entry"),
            models.UniqueConstraint(fields=["business", "source_type", "source_id"], name="one_gift_per_source"),
            # Named by codes through a composite foreign key, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="redemption_with_its_business"),
            models.CheckConstraint(
                condition=Q(points__gt=0, entry_id__isnull=False)
                | Q(points=0, entry_id__isnull=True, source_id__isnull=False),
                name="a_redemption_is_paid_or_given",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="a_redemption_is_of_something"),
        ]
        indexes = [
            # The lists, newest first: all, an advocate's (also its limit), a reward's (also its stock check).
            models.Index(fields=["business", "-created_at", "-id"], name="redemptions_newest_first"),
            models.Index(fields=["business", "advocate", "-created_at", "-id"], name="redemptions_of_advocate"),
            models.Index(fields=["business", "reward", "-created_at", "-id"], name="redemptions_of_reward"),
            # What waits for an operator, also when it is little of much.
            models.Index(fields=["business", "status", "-created_at", "-id"], name="redemptions_by_status"),
            # The coupons of an order.
            models.Index(fields=["business", "order_id"], condition=~Q(order_id=""), name="redemptions_by_order"),
            models.Index(
                fields=["acknowledge_by"],
                condition=Q(status="pending_acknowledgement"),
                name="redemptions_to_acknowledge",
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(status="issued", expires_at__isnull=False),
                name="redemptions_to_expire",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_code or self.pk}"

    def has_expired(self, *, at: datetime) -> bool:
        """Whether its coupon is not good any more, also while nobody has written that down."""
        return self.status == self.Status.ISSUED and self.expires_at is not None and self.expires_at <= at
