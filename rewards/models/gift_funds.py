"""The money that gift cards are paid from: what a business deposited, and every posting that moved it."""

from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.base import BusyTenantModel, NotifyingModel, TenantModel


class GiftFunds(NotifyingModel):
    """The deposit of a business, in one currency. It is what its postings add up to, and never below zero."""

    currency = models.CharField(max_length=3)
    available_minor = models.BigIntegerField(default=0)
    short_since = models.DateTimeField(null=True)  # it does not cover what the programme gives

    class Meta:
        verbose_name_plural = "gift funds"
        constraints = [
            models.UniqueConstraint(fields=["business"], name="one_deposit_per_business"),
            models.CheckConstraint(condition=Q(available_minor__gte=0), name="funds_are_never_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.available_minor} {self.currency}"


class GiftPosting(BusyTenantModel):
    """An amount from one side to another, once per source. A trigger refuses changes."""

    class Side(models.TextChoices):
        OUTSIDE = "outside", "Paid in"
        AVAILABLE = "available", "Available"
        SOLD = "sold", "Gift cards"

    class Source(models.TextChoices):
        FUNDING = "funding", "Funding"
        ORDER = "order", "Order"
        CARD = "card", "Given back for a card"
        CANCELLED = "cancelled", "Given back for a cancelled order"

    debit = models.CharField(max_length=20, choices=Side)  # where it goes away from
    credit = models.CharField(max_length=20, choices=Side)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    source_type = models.CharField(max_length=20, choices=Source)
    source_id = models.UUIDField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "source_type", "source_id"], name="one_posting_per_source"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="a_posting_moves_something"),
            models.CheckConstraint(condition=~Q(debit=models.F("credit")), name="a_posting_has_two_sides"),
        ]
        indexes = [models.Index(fields=["business", "-created_at", "-id"], name="gift_postings_newest_first")]

    def __str__(self) -> str:
        return f"{self.debit} → {self.credit}: {self.amount_minor} {self.currency}"


class FundingRequest(TenantModel):
    """Money that a business says it has sent. It can be spent once an operator has seen it arrive."""

    class Status(models.TextChoices):
        PENDING = "pending"
        APPLIED = "applied"
        REFUSED = "refused"

    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=140, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(default=clock.wall)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="a_request_is_for_something")]
        indexes = [models.Index(fields=["business", "-created_at", "-id"], name="funding_newest_first")]

    def __str__(self) -> str:
        return self.reference or str(self.pk)
