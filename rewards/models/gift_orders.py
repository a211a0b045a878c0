"""Orders of gift cards, with their lines: what is to be sent, and to whom."""

from typing import Any

from django.db import models
from django.db.models import Q

from loyalty.models.base import TenantModel
from rewards.models.gift_accounts import GiftAccount
from rewards.models.gift_products import GiftProduct, ShippingMethod


class GiftOrder(TenantModel):
    """One order. Its number is used once by its account, or once by the business itself, for ever.

    Without an account it was uploaded in the dashboard; with a source, the programme placed it for an advocate.
    """

    class Type(models.TextChoices):
        DIGITAL = "DigitalDelivery"
        LINKS = "Links"
        PHYSICAL = "PhysicalShipment"

    class Status(models.TextChoices):
        PENDING = "Pending"  # codes are still to be allocated
        PROCESSING = "Processing"
        COMPLETED = "Completed"
        PARTIALLY_FAILED = "PartiallyFailed"
        FAILED = "Failed"
        CANCELLED = "Cancelled"

    # No plain constraint: the migration's composite foreign key covers the business too.
    account = models.ForeignKey(
        GiftAccount, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    advocate = models.ForeignKey(
        "advocates.Advocate", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    source_type = models.CharField(max_length=40, null=True)  # noqa: DJ001  # what it was placed for, once
    source_id = models.CharField(max_length=128, null=True)  # noqa: DJ001  # as above
    po_number = models.CharField(max_length=100)
    type = models.CharField(max_length=20, choices=Type)
    status = models.CharField(max_length=20, choices=Status)
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=1000, blank=True)
    callback_url = models.CharField(max_length=2048, blank=True)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "po_number"], name="one_order_per_po_number"),
            models.UniqueConstraint(
                fields=["business", "po_number"], condition=Q(account=None), name="one_own_order_per_po_number"
            ),
            models.UniqueConstraint(fields=["business", "source_type", "source_id"], name="one_gift_order_per_source"),
            models.CheckConstraint(
                condition=Q(source_type=None, source_id=None, advocate=None)
                | Q(account=None, source_type__isnull=False, source_id__isnull=False, advocate__isnull=False),
                name="the_programme_orders_for_somebody",
            ),
            models.UniqueConstraint(fields=["id", "business"], name="gift_order_with_its_business"),
            models.CheckConstraint(condition=Q(total_minor__gt=0), name="an_order_costs_something"),
        ]
        indexes = [
            models.Index(fields=["business", "-created_at", "-id"], name="gift_orders_newest_first"),
            models.Index(fields=["business", "account", "-created_at", "-id"], name="gift_orders_of_account"),
            # What one person was given.
            models.Index(
                fields=["business", "advocate", "-created_at", "-id"],
                condition=Q(advocate__isnull=False),
                name="gift_orders_of_advocate",
            ),
            # What a worker looks through for orders that have come to an end.
            models.Index(fields=["created_at"], condition=Q(status="Processing"), name="gift_orders_in_work"),
            # What a worker has yet to allocate.
            models.Index(fields=["created_at"], condition=Q(status="Pending"), name="gift_orders_to_allocate"),
        ]

    def __str__(self) -> str:
        return self.po_number


class GiftLine(TenantModel):
    """So many cards of one value for one recipient. Recipients and messages are told nowhere else."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    order = models.ForeignKey(
        GiftOrder, on_delete=models.PROTECT, related_name="lines", db_index=False, db_constraint=False
    )
    number = models.PositiveIntegerField()  # from 0
    product = models.ForeignKey(
        GiftProduct, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    value_minor = models.BigIntegerField()
    cost_minor = models.BigIntegerField()  # of each card
    quantity = models.PositiveIntegerField()
    email = models.EmailField(max_length=254, blank=True)
    sms = models.CharField(max_length=16, blank=True)  # E.164
    shipping_method = models.ForeignKey(
        ShippingMethod, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    address: Any = models.JSONField(null=True)  # as the parcel's label has it
    personalization: Any = models.JSONField(default=dict)
    deliver_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)  # when the recipient was forgotten

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="one_line_per_number"),
            models.UniqueConstraint(fields=["id", "business"], name="gift_line_with_its_business"),
            models.CheckConstraint(condition=Q(value_minor__gt=0, quantity__gt=0), name="a_line_is_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.value_minor}"
