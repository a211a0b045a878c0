"""Where a business wants to hear of its events."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.base import NotifyingModel


class Endpoint(NotifyingModel):
    """A URL with its topics, its secret, and how it has been doing.

    An endpoint for replies stands for a server that somebody named in what they asked for: its URL is the server's,
    its deliveries have their own, and it has no topics. So a server's replies share a secret, a queue and a fate.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"

    class Reason(models.TextChoices):
        NONE = "", "Not disabled"
        OPERATOR = "operator", "Switched off by the business"
        GONE = "gone", "It answered 410 Gone"
        FAILING = "failing", "Nothing but failures for five days"

    url = models.CharField(max_length=2048)
    topics = ArrayField(models.CharField(max_length=60))
    signature_profile = models.CharField(max_length=40, default="standard")
    description = models.CharField(max_length=200, blank=True)
    is_reply = models.BooleanField(default=False, editable=False)
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    disabled_reason = models.CharField(max_length=20, choices=Reason, default=Reason.NONE, blank=True)

    secret_sealed = models.BinaryField(editable=False)
    old_secret_sealed = models.BinaryField(null=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)

    last_sequence = models.BigIntegerField(default=0, editable=False)  # of its latest delivery, without gaps
    failures = models.PositiveIntegerField(default=0, editable=False)  # in a row; what failed together counts once
    failed_at = models.DateTimeField(null=True, editable=False)  # the latest of these
    failing_since = models.DateTimeField(null=True, editable=False)
    held_until = models.DateTimeField(null=True, editable=False)  # nothing is tried before
    is_warned = models.BooleanField(default=False, editable=False)  # its business, that it fails

    created_at = models.DateTimeField(default=clock.wall, editable=False)
    updated_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "url"], condition=Q(is_reply=True), name="one_reply_endpoint_per_server"
            ),
            models.CheckConstraint(
                condition=Q(status="active", disabled_reason="") | Q(status="disabled") & ~Q(disabled_reason=""),
                name="disabled_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(old_secret_sealed=None, old_secret_until=None)
                | Q(old_secret_sealed__isnull=False, old_secret_until__isnull=False),
                name="old_secret_has_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["business", "created_at", "id"], name="endpoints_of_business"),
            models.Index(fields=["notice_due_at"], condition=Q(notice_due_at__isnull=False), name="notices_due"),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE

    def rotates(self, *, at: datetime) -> bool:
        """Whether the old secret still signs beside the new one."""
        return self.old_secret_until is not None and at < self.old_secret_until
