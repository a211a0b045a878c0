"""What can be ordered as a gift card, where its codes come from, and how parcels travel."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.base import TenantModel
from rewards.models.pools import CodePool

PRODUCT_KEY = RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z", "Use letters, digits, dots, hyphens.")


class GiftProduct(TenantModel):
    """A kind of gift card. Its `key` is the Id that callers order by. Archived ones can be ordered no more."""

    class Denominations(models.TextChoices):
        FIXED = "Fixed"
        VARIABLE = "Variable"

    class Type(models.TextChoices):
        DIGITAL = "Digital"
        PHYSICAL = "Physical"

    class Delivery(models.TextChoices):
        EMAIL = "Email"
        SMS = "Sms"
        LINK = "Link"
        POST = "Post"

    key = models.CharField(max_length=64, validators=[PRODUCT_KEY], db_index=False)
    name = models.CharField(max_length=120)
    short_description = models.CharField(max_length=300, blank=True)
    long_description = models.TextField(max_length=5000, blank=True)
    type = models.CharField(max_length=10, choices=Type, default=Type.DIGITAL)
    provider = models.CharField(max_length=20)
    remote_sealed = models.BinaryField(null=True)  # sealed: where its codes are bought, with the secret for it
    currency = models.CharField(max_length=3)
    denomination_type = models.CharField(max_length=10, choices=Denominations)
    denominations_minor = ArrayField(models.BigIntegerField(), default=list, blank=True)
    min_minor = models.BigIntegerField(null=True, blank=True)
    max_minor = models.BigIntegerField(null=True, blank=True)
    delivery_types = ArrayField(models.CharField(max_length=10, choices=Delivery), default=list)
    fee_minor = models.BigIntegerField(default=0)
    discount_bp = models.PositiveIntegerField(default=0)  # hundredths of a per cent
    terms = models.TextField(max_length=10_000, blank=True)
    disclaimer = models.TextField(max_length=5000, blank=True)
    redemption_note = models.CharField(max_length=500, blank=True)
    faceplates = ArrayField(models.URLField(max_length=500), default=list, blank=True)
    cultures = ArrayField(models.CharField(max_length=20), default=list, blank=True)  # the first: its own words'
    translations: Any = models.JSONField(default=dict, blank=True)  # {language: {name, …}}, as far as there are any
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_gift_product_per_key"),
            models.UniqueConstraint(fields=["id", "business"], name="gift_product_with_its_business"),
            models.CheckConstraint(
                condition=Q(denomination_type="Fixed", min_minor=None, max_minor=None)
                | Q(denomination_type="Variable", min_minor__gt=0, max_minor__gte=models.F("min_minor")),
                name="a_product_is_fixed_or_variable",
            ),
            models.CheckConstraint(
                condition=Q(fee_minor__gte=0, discount_bp__lt=10_000), name="a_card_costs_something"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def has_value(self, minor: int) -> bool:
        """Whether a card of this product may be worth so much."""
        if self.denomination_type == self.Denominations.FIXED:
            return minor in self.denominations_minor
        assert self.min_minor is not None  # the database says so
        assert self.max_minor is not None  # as above
        return self.min_minor <= minor <= self.max_minor

    def cost_of(self, minor: int) -> int:
        """What a card of this value costs: value + fee − discount, which is rounded down."""
        return minor + self.fee_minor - minor * self.discount_bp // 10_000


class GiftStock(TenantModel):
    """Where the codes of a product lie that somebody else made: a pool for each value."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    product = models.ForeignKey(
        GiftProduct, on_delete=models.PROTECT, related_name="stocks", db_index=False, db_constraint=False
    )
    pool = models.ForeignKey(CodePool, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    value_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "value_minor"], name="one_stock_per_value")]

    def __str__(self) -> str:
        return f"{self.value_minor}"


class ShippingMethod(TenantModel):
    """A way of sending parcels. Its `key` is the Id that callers name; without countries it goes anywhere."""

    key = models.CharField(max_length=64, validators=[PRODUCT_KEY], db_index=False)
    name = models.CharField(max_length=120)
    carrier = models.CharField(max_length=60, blank=True)
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_shipping_method_per_key"),
            models.UniqueConstraint(fields=["id", "business"], name="shipping_method_with_its_business"),
        ]

    def __str__(self) -> str:
        return self.name
