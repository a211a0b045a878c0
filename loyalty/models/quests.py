"""Quests: goals with steps. What people read may change; the rules of a version never do."""

from datetime import date, datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from loyalty.kernel import clock, periods
from loyalty.models.accounts import Account
from loyalty.models.base import TenantModel
from loyalty.models.businesses import Business


class Quest(TenantModel):
    """A goal. Its texts and status are here, its rules in the version that is in force."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        PAUSED = "paused"
        COMPLETED = "completed"  # over, by the operator's word
        ARCHIVED = "archived"

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=200)
    subtitle = models.CharField(max_length=200, blank=True)
    description = models.TextField(max_length=5000, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    current = models.OneToOneField("loyalty.QuestVersion", on_delete=models.PROTECT, related_name="+", editable=False)
    created_at = models.DateTimeField(editable=False, default=clock.wall)
    updated_at = models.DateTimeField(editable=False, default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_quest_per_key"),
            # Named by versions and completions through composite foreign keys, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="quest_with_its_business"),
        ]
        indexes = [
            # The list, newest first.
            models.Index(fields=["business", "-created_at", "-id"], name="quests_newest_first"),
        ]

    def __str__(self) -> str:
        return self.title


class QuestVersion(TenantModel):
    """The rules of a quest from one change to the next. The database refuses to rewrite them."""

    class Recurrence(models.TextChoices):
        NONE = "none"
        DAILY = "daily"
        WEEKLY = "weekly"
        MONTHLY = "monthly"

    class Zone(models.TextChoices):
        PROGRAMME = "programme"
        USER = "user"  # each person's own, as far as it is known

    # No plain constraint: the migration's composite foreign key covers the business too.
    quest = models.ForeignKey(
        Quest, on_delete=models.PROTECT, related_name="versions", db_index=False, db_constraint=False
    )
    number = models.PositiveIntegerField()
    window_from = models.DateTimeField(null=True)
    window_to = models.DateTimeField(null=True)  # the first moment at which it is over
    show_in_ui = models.BooleanField(default=True)
    recurrence = models.CharField(max_length=10, choices=Recurrence, default=Recurrence.NONE)
    zone = models.CharField(max_length=10, choices=Zone, default=Zone.PROGRAMME)  # in which days are counted
    tier_keys = ArrayField(models.SlugField(max_length=64), default=list)  # empty: for everyone
    segment_keys = ArrayField(models.SlugField(max_length=64), default=list)  # empty: for everyone
    excluded_tier_keys = ArrayField(models.SlugField(max_length=64), default=list)
    excluded_segment_keys = ArrayField(models.SlugField(max_length=64), default=list)
    auto_claim = models.BooleanField(default=True)
    required = models.PositiveIntegerField(null=True)  # so many tasks complete it; null: all of them
    ordered = models.BooleanField(default=False)
    show_in_profile = models.BooleanField(default=True)
    show_in_rail = models.BooleanField(default=True)
    notification = models.JSONField(default=dict)
    benefits = models.JSONField(default=list)
    task_benefits = models.BooleanField(default=True)  # false: its tasks give nothing by themselves
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["quest", "number"], name="one_version_per_number"),
            models.UniqueConstraint(fields=["id", "business"], name="quest_version_with_its_business"),
            models.CheckConstraint(
                condition=Q(window_from=None) | Q(window_to=None) | Q(window_to__gt=F("window_from")),
                name="quest_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=Q(required=None) | Q(required__gt=0), name="quest_requires_something"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"

    def is_open(self, *, at: datetime) -> bool:
        started = self.window_from is None or self.window_from <= at
        return started and (self.window_to is None or at < self.window_to)

    def period_at(self, at: datetime, *, business: Business, account: Account) -> str:
        """The period that this moment is in for somebody."""
        return periods.period_of(self.recurrence, at=at, zone=self.zone_for(business=business, account=account))

    def day_at(self, at: datetime, *, business: Business, account: Account) -> date:
        """The day that this moment is on for somebody."""
        return periods.day_of(at, zone=self.zone_for(business=business, account=account))

    def zone_for(self, *, business: Business, account: Account) -> str:
        """The zone in which somebody's days are counted."""
        return periods.zone_for(self.zone, programme=business.timezone, user=account.timezone)


class Task(TenantModel):
    """One step of a version. Steps of several versions with one key are the same step: progress goes by the key."""

    # No plain constraint: the migration's composite foreign key covers the business too.
    version = models.ForeignKey(
        QuestVersion, on_delete=models.PROTECT, related_name="tasks", db_index=False, db_constraint=False
    )
    position = models.PositiveIntegerField()
    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=5000, blank=True)
    type = models.CharField(max_length=40)  # the key of a kind
    trigger = models.CharField(max_length=64, blank=True)
    conditions = models.JSONField(default=list)
    measure = models.JSONField()  # count, days, streak, or {"sum": field}
    target = models.BigIntegerField(default=1)
    once_per_day = models.BooleanField(default=False)
    allow_undeclared = models.BooleanField(default=False)  # also events that nobody declared, told by apps
    benefits = models.JSONField(default=list)
    notification = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="one_task_per_position"),
            models.UniqueConstraint(fields=["version", "key"], name="one_task_per_key"),
            models.CheckConstraint(condition=Q(target__gt=0), name="a_task_has_a_target"),
        ]

    def __str__(self) -> str:
        return self.title
