"""Participants as the engine knows them: an id, balances, a place in line. Who they are is not kept here."""

from datetime import datetime

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.base import TenantModel
from loyalty.models.metrics import Milestone

external_id_is_sane = RegexValidator(
    r"^(?!\s)[^/\x00-\x1f\x7f]{1,128}(?<!\s)\Z",
    "Use 1 to 128 characters without '/', control characters or spaces at the ends.",
)


class Account(TenantModel):
    """One participant of one business. Every path that changes a balance locks this row first."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        BLOCKED = "blocked"
        MERGED = "merged"
        ERASED = "erased"

    external_id = models.CharField(max_length=128, null=True, validators=[external_id_is_sane])  # noqa: DJ001  # unique where known
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    timezone = models.CharField(max_length=60, blank=True)
    tier = models.ForeignKey(Milestone, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    tier_is_manual = models.BooleanField(default=False)
    event_sequence = models.BigIntegerField(default=0, editable=False)  # of its latest event, without gaps
    ledger_hash = models.BinaryField(max_length=32, default=bytes(32), editable=False)  # of its latest entry
    last_event_at = models.DateTimeField(default=clock.wall, editable=False)
    read_sequence = models.BigIntegerField(default=0, editable=False)  # of the latest event that was notified
    order_count = models.BigIntegerField(default=0, editable=False)  # what ladders of orders go by
    climbs_due_at = models.DateTimeField(null=True, editable=False)  # when the first period of a ladder ends
    tokens_valid_from = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            # Named by profiles in other apps through a composite foreign key, so none hangs under another business.
            models.UniqueConstraint(fields=["id", "business"], name="account_with_its_business"),
            models.UniqueConstraint(fields=["business", "external_id"], name="one_account_per_external_id"),
        ]
        indexes = [
            models.Index(fields=["business", "tier"], name="accounts_by_tier"),
            # Whose period ends next.
            models.Index(
                fields=["climbs_due_at", "id"], condition=Q(climbs_due_at__isnull=False), name="accounts_due_to_climb"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id or str(self.pk)

    def has_period_over(self, *, now: datetime) -> bool:
        """Whether a period of a ladder has to end. Its time is never before what already happened to it."""
        return self.climbs_due_at is not None and self.climbs_due_at <= max(now, self.last_event_at)
