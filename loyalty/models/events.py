"""What happened: rows written in the transaction that made it happen. The outbox, the feed, the audit trail."""

from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact, IsNull

from loyalty.models.accounts import Account
from loyalty.models.base import BusyTenantModel


class Event(BusyTenantModel):
    """One thing that happened. Facts hold ids, codes and numbers only, so that no erasure has to touch them."""

    # No plain constraint: a composite foreign key names the account with its business.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    sequence = models.BigIntegerField(null=True)  # per account, over all topics, without gaps
    topic = models.CharField(max_length=60)
    facts = models.JSONField(default=dict)
    # Where else to send it, once, with the retries of every webhook: whoever asked for something hears of it there.
    reply_to = models.CharField(max_length=2048, blank=True, default="", db_default="")
    position = models.BigIntegerField(null=True)  # per business, given at publication
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "sequence"], name="one_event_per_sequence"),
            # The feed and its cursor.
            models.UniqueConstraint(
                fields=["business", "position"], condition=Q(position__isnull=False), name="one_event_per_position"
            ),
            models.CheckConstraint(
                condition=Exact(IsNull(F("account"), True), IsNull(F("sequence"), True)),
                name="events_of_accounts_are_numbered",
            ),
        ]
        indexes = [
            # What the relay has yet to publish.
            models.Index(fields=["created_at", "sequence"], condition=Q(position=None), name="events_to_publish"),
            # The feed of one topic.
            models.Index(
                fields=["business", "topic", "position"], condition=Q(position__isnull=False), name="events_by_topic"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}"


class EventBody(BusyTenantModel):
    """The published body: made once, sent as these bytes ever after. It names people, so erasure clears it."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="body")
    body = models.BinaryField()

    def __str__(self) -> str:
        return str(self.event_id)
