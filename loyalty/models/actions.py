"""What people do, as apps and backends report it, and how far each step of a quest has come by it."""

from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.accounts import Account
from loyalty.models.base import BusyTenantModel, TenantModel
from loyalty.models.completions import InQuest


class EventType(TenantModel):
    """An event that the programme knows by name: who may send it, how often a day counts, and what it carries."""

    class Origin(models.TextChoices):
        CLIENT = "client"  # the end user's app, as far as it can be trusted
        SERVER = "server"  # only the merchant's backend

    name = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=120)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.CLIENT)
    per_day = models.PositiveIntegerField(null=True, blank=True)  # of one person; null: as many as come
    carries = models.JSONField(default=dict, blank=True)  # name: number, string or boolean
    once_by_event_id = models.BooleanField("once by its id", default=False)  # what an app names in data.eventId
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["business", "name"], name="one_event_type_per_name")]

    def __str__(self) -> str:
        return self.title


class Action(BusyTenantModel):
    """One thing that somebody did. `data` is what the caller said of it; erasing a person empties it."""

    class Outcome(models.TextChoices):
        MATCHED = "matched"  # some step looked at it
        UNMATCHED = "unmatched"
        CAPPED = "capped"  # beyond what counts in a day

    # No plain constraint: a composite foreign key names the account with its business.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    name = models.CharField(max_length=64)
    event_id = models.CharField(max_length=128, null=True)  # noqa: DJ001  # the caller's own, unique where given
    origin = models.CharField(max_length=10, choices=EventType.Origin)
    outcome = models.CharField(max_length=10, choices=Outcome)
    data = models.JSONField(default=dict)
    occurred_at = models.DateTimeField(default=clock.wall)  # programme time
    undone_at = models.DateTimeField(null=True)  # since when it is not so any more
    unpaid = models.JSONField(null=True)  # why not, by the key of each rule that listened and did not pay

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "event_id"], condition=Q(event_id__isnull=False), name="an_action_counts_once"
            ),
        ]
        indexes = [
            # What somebody did today, for caps.
            models.Index(fields=["account", "name", "occurred_at"], name="actions_of_account"),
            # What nothing listened to, for the operator.
            models.Index(fields=["business", "outcome", "-occurred_at"], name="actions_by_outcome"),
        ]

    def __str__(self) -> str:
        return self.name


class TaskProgress(InQuest):
    """How far a step has come. Written with the account locked, so that no event is lost."""

    task_key = models.SlugField(max_length=64, db_index=False)
    value = models.DecimalField(max_digits=24, decimal_places=6)
    last_day = models.DateField()  # of the last event that counted, in the programme's zone

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "account", "quest", "period", "task_key"], name="one_progress_per_task"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_key}: {self.value}"
