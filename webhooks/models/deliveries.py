"""What is owed to an endpoint, and every try at it. The promise is a row: no broker, no worker can lose it."""

from uuid import UUID

from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models import Event
from loyalty.models.base import TenantModel
from webhooks.models.endpoints import Endpoint


class Delivery(TenantModel):
    """One event, one example or one reply, for one endpoint. Every change of an endpoint's rows locks the endpoint
    first, except for writing down what a claimed delivery came to; a change of many waits for that.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"  # the schedule is spent
        DISABLED = "disabled"  # its endpoint was disabled first

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    example = models.BinaryField(null=True)  # the body of what stands for no event
    reply_sealed = models.BinaryField(null=True)  # sealed: the body of a reply, which may hold the links of gift cards
    url = models.CharField(max_length=2048, blank=True, default="", db_default="")  # a reply's; else the endpoint's
    topic = models.CharField(max_length=60)
    sequence = models.BigIntegerField()  # per endpoint, without gaps
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    next_attempt_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)  # somebody is at it; also the claim's name
    claims = models.PositiveSmallIntegerField(default=0)  # that nobody has answered for
    attempts_made = models.PositiveSmallIntegerField(default=0)
    attempts_before = models.PositiveSmallIntegerField(default=0, db_default=0)  # somebody asked for it once more
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            # Also the list of an endpoint's deliveries, newest first.
            models.UniqueConstraint(fields=["endpoint", "sequence"], name="one_delivery_per_sequence"),
            models.UniqueConstraint(fields=["endpoint", "event"], name="one_delivery_per_event"),
            models.CheckConstraint(
                condition=Q(event=None, example__isnull=False, reply_sealed=None)
                | Q(event=None, example=None, reply_sealed__isnull=False)
                | Q(event__isnull=False, example=None, reply_sealed=None),
                name="delivers_an_event_an_example_or_a_reply",
            ),
            models.CheckConstraint(
                condition=Q(status="pending", next_attempt_at__isnull=False)
                | ~Q(status="pending") & Q(next_attempt_at=None),
                name="only_pending_ones_are_due",
            ),
        ]
        indexes = [
            models.Index(fields=["business", "created_at"], name="deliveries_of_business"),
            # What a claim looks for, endpoint by endpoint.
            models.Index(
                fields=["endpoint", "next_attempt_at", "sequence"],
                condition=Q(status="pending"),
                name="deliveries_due",
            ),
            models.Index(fields=["endpoint"], condition=Q(leased_until__isnull=False), name="deliveries_in_flight"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} #{self.sequence}"

    @property
    def message_id(self) -> UUID:
        """What stays the same over all tries, and all endpoints of an event."""
        return self.event_id or self.pk


class Attempt(TenantModel):
    """One try: what was answered, or why nothing was. Its answer is somebody's text, and is kept for 30 days."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField()
    error = models.CharField(max_length=200, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="one_attempt_per_number"),
        ]
        indexes = [models.Index(fields=["at"], name="attempts_by_age")]

    def __str__(self) -> str:
        return f"{self.number}: {self.status or self.error}"
