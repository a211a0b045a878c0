"""What people buy: orders as the shop tells of them, and what each of them earned."""

from fractions import Fraction
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from advocates.models.advocates import Advocate
from loyalty.kernel import clock
from loyalty.models.base import TenantModel

POINTS = "points"  # the metric


class Order(TenantModel):
    """One order of a shop. Its status only goes forward, so late calls change nothing that came after them.

    `earned` is what each rule said when the order qualified: `{ruleId, key, title, points, metric, each, reason, caps,
    lines}`, where `lines` are the shop's ids of those that the rule pays for. Points of a stamp card are its stamps.
    """

    class Status(models.TextChoices):
        """In the order in which an order goes through them."""

        PENDING = "pending"
        AUTHORIZED = "authorized"
        PARTIALLY_PAID = "partially_paid", "Partially paid"
        PAID = "paid"
        PARTIALLY_REFUNDED = "partially_refunded", "Partially refunded"
        EXPIRED = "expired"
        VOIDED = "voided"
        REFUNDED = "refunded"

    CLOSED: Final = (Status.EXPIRED, Status.VOIDED, Status.REFUNDED)  # nothing of it is left

    external_id = models.CharField(max_length=128)
    number = models.CharField(max_length=64, blank=True)
    # No plain constraint: the migration's composite foreign key covers the business too.
    advocate = models.ForeignKey(
        Advocate, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    currency = models.CharField(max_length=3)
    subtotal_minor = models.BigIntegerField()  # all amounts in minor units of `currency`
    discount_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    unassigned_minor = models.BigIntegerField(default=0)  # of that, what was refunded without naming lines
    status = models.CharField(max_length=20, choices=Status)
    discount_codes = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    referral_code = models.CharField(max_length=60, blank=True)
    flags = ArrayField(models.CharField(max_length=40), default=list, blank=True)  # what looks wrong about it
    fingerprint = models.BinaryField(max_length=32, editable=False)  # of the latest body that told of it
    action_id = models.UUIDField(null=True, editable=False)  # what its entries in the ledger name as their source
    earned = models.JSONField(default=list, editable=False)
    qualified_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    placed_at = models.DateTimeField()  # as the shop says
    created_at = models.DateTimeField(default=clock.wall, editable=False)
    updated_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "external_id"], name="one_order_per_external_id"),
            # Named by lines and refunds through composite foreign keys, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="order_with_its_business"),
            models.CheckConstraint(
                condition=Q(unassigned_minor__range=(0, F("refunded_minor")), refunded_minor__lte=F("total_minor")),
                name="no_more_refunded_than_paid",
            ),
            models.CheckConstraint(
                condition=Q(action_id=None) | Q(qualified_at__isnull=False), name="what_earned_has_qualified"
            ),
        ]
        indexes = [
            models.Index(fields=["business", "-placed_at", "-id"], name="orders_newest_first"),
            models.Index(fields=["business", "advocate", "-placed_at"], name="orders_of_advocate"),
        ]

    def __str__(self) -> str:
        return self.number or self.external_id

    @property
    def is_closed(self) -> bool:
        return self.status in self.CLOSED

    @property
    def points_earned(self) -> int:
        return sum(each["points"] for each in self.earned if each.get("metric", POINTS) == POINTS)


class OrderLine(TenantModel):
    """One product of an order. `amount_minor` is what was paid for all its pieces, after every discount."""

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="lines", db_index=False, db_constraint=False
    )
    external_id = models.CharField(max_length=128)
    position = models.PositiveSmallIntegerField()
    product_id = models.CharField(max_length=128, blank=True)  # the shop's own ids, which need not be known here
    variant_id = models.CharField(max_length=128, blank=True)
    sku = models.CharField(max_length=128, blank=True)
    collections = ArrayField(models.CharField(max_length=128), default=list, blank=True)  # when the order was told
    quantity = models.PositiveIntegerField()
    refunded_quantity = models.PositiveIntegerField(default=0)
    price_minor = models.BigIntegerField()  # of one piece
    discount_minor = models.BigIntegerField(default=0)  # of all of them
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "order", "external_id"], name="one_line_per_external_id"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, refunded_quantity__lte=F("quantity")), name="no_more_sent_back_than_sold"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="a_line_costs_nothing_or_something"),
        ]

    def __str__(self) -> str:
        return self.sku or self.product_id or self.external_id

    @property
    def part_sent_back(self) -> Fraction:
        return Fraction(self.refunded_quantity, self.quantity)


class Refund(TenantModel):
    """Money that went back: for pieces of its lines, or without saying for what."""

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="refunds", db_index=False, db_constraint=False
    )
    external_id = models.CharField(max_length=128)
    amount_minor = models.BigIntegerField()
    lines = models.JSONField(default=dict)  # pieces by the shop's id of the line
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "order", "external_id"], name="one_refund_per_external_id"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="a_refund_gives_back"),
        ]

    def __str__(self) -> str:
        return self.external_id
