"""What people did in quests: one row per person, step and period, whatever happens how often at once.

A period has a name: empty where a quest does not recur, else `2026-05-01`, `2026-W18` or `2026-05`.
"""

from typing import Any, NamedTuple

from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.accounts import Account
from loyalty.models.base import BusyTenantModel, TenantModel
from loyalty.models.quests import Quest, QuestVersion, Task


class Promise(NamedTuple):
    """What doing something gives."""

    what: str  # task or quest
    title: str
    benefits: list[dict[str, Any]]


class InQuest(BusyTenantModel):
    """A row about one person in one period of one quest."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    quest = models.ForeignKey(Quest, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    period = models.CharField(max_length=10, blank=True)

    class Meta:
        abstract = True


class TaskCompletion(InQuest):
    """A step that somebody has done, by the rules of the version that `task` belongs to."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="+", db_index=False)
    task_key = models.SlugField(max_length=64, db_index=False)  # what survives a new version
    completed_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)  # null: what it gives waits to be claimed

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "account", "quest", "period", "task_key"], name="a_task_is_completed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_key} {self.period}".strip()

    @property
    def by(self) -> QuestVersion:
        """The rules that were in force."""
        return self.task.version

    @property
    def promised(self) -> Promise:
        given = self.task.benefits if self.by.task_benefits else []
        return Promise("task", self.task.title, given)


class QuestCompletion(InQuest):
    """A quest that somebody has completed."""

    version = models.ForeignKey(QuestVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    last_task = models.OneToOneField(TaskCompletion, on_delete=models.PROTECT, related_name="finished")
    completed_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "account", "quest", "period"], name="a_quest_is_completed_once"
            ),
        ]
        indexes = [
            models.Index(fields=["business", "quest"], name="completions_of_quest"),
        ]

    def __str__(self) -> str:
        return f"{self.quest_id} {self.period}".strip()

    @property
    def by(self) -> QuestVersion:
        return self.version

    @property
    def promised(self) -> Promise:
        return Promise("quest", self.quest.title, self.version.benefits)


class Submission(InQuest):
    """What somebody handed in as proof of a step, and what an operator thought of it. It is personal data."""

    class Status(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        REJECTED = "rejected"

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="+", db_index=False)
    task_key = models.SlugField(max_length=64, db_index=False)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    text = models.TextField(max_length=5000, blank=True)
    link = models.CharField(max_length=2000, blank=True)
    reason = models.CharField(max_length=500, blank=True)  # why it was rejected
    created_at = models.DateTimeField(default=clock.wall)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "account", "quest", "period", "task_key"],
                condition=~Q(status="rejected"),
                name="one_open_submission",
            ),
            models.CheckConstraint(
                condition=Q(status="pending", decided_at=None) | ~Q(status="pending") & Q(decided_at__isnull=False),
                name="a_decision_has_its_time",
            ),
        ]
        indexes = [
            # The queue: what waits, and what was decided last.
            models.Index(fields=["business", "-decided_at", "created_at"], name="submissions_in_queue"),
            models.Index(fields=["business", "account"], name="submissions_of_account"),
        ]

    def __str__(self) -> str:
        return f"Proof of {self.task_key}"


class ProofFile(TenantModel):
    """A file that somebody handed in with a submission, sealed. It is personal data."""

    class Kind(models.TextChoices):
        JPEG = "image/jpeg"
        PNG = "image/png"
        WEBP = "image/webp"
        PDF = "application/pdf"

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="file")
    kind = models.CharField(max_length=20, choices=Kind)
    size = models.PositiveIntegerField()  # bytes
    content_sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.kind} of {self.size} bytes"
