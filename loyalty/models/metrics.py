"""What a programme counts, and the ladders of thresholds on it. What is archived keeps its history."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from loyalty.models.base import TenantModel


class Metric(TenantModel):
    """A currency of the programme: whole numbers between a minimum and a maximum. `points` is one."""

    class Basis(models.TextChoices):
        """What expires: each award by itself, or the whole balance of somebody who is silent for too long."""

        NONE = "", "Nothing expires"
        LOT = "lot", "Each award, some time after it was earned"
        INACTIVITY = "inactivity", "The whole balance, when nothing is earned or spent for some time"

    key = models.SlugField(max_length=64)
    title = models.CharField(max_length=120)
    media = models.CharField(max_length=500, blank=True)
    default_value = models.BigIntegerField(default=0)  # what newcomers start with
    minimum = models.BigIntegerField(default=0)
    maximum = models.BigIntegerField(null=True, blank=True)
    expiry_basis = models.CharField(max_length=10, choices=Basis, blank=True, default=Basis.NONE)
    expiry_months = models.PositiveSmallIntegerField(default=0)
    expiry_days = models.PositiveIntegerField(default=0)  # after the months
    warn_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)  # before, the most first
    is_stamps = models.BooleanField(default=False, editable=False)  # a stamp card's own, which comes and goes with it
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_metric_per_key"),
            # Named by stamp cards through a composite foreign key, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="metric_with_its_business"),
            models.CheckConstraint(
                condition=Q(maximum=None) | Q(maximum__gt=F("minimum")), name="metric_maximum_above_minimum"
            ),
            models.CheckConstraint(
                condition=Q(default_value__gte=F("minimum")) & (Q(maximum=None) | Q(default_value__lte=F("maximum"))),
                name="metric_default_within_its_bounds",
            ),
            models.CheckConstraint(
                condition=Q(expiry_basis="", expiry_months=0, expiry_days=0)
                | ~Q(expiry_basis="") & (Q(expiry_months__gt=0) | Q(expiry_days__gt=0)),
                name="expiry_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class MilestoneSet(TenantModel):
    """A ladder of thresholds on what somebody has, earns or does. One set is the programme's tiers."""

    class Basis(models.TextChoices):
        BALANCE = "balance", "What they have of the metric"
        LIFETIME_EARNED = "lifetimeEarned", "What they ever earned of it"
        PERIOD_EARNED = "periodEarned", "What they earned of it in the period"
        SPENT = "spent", "What they ever spent of it"
        ORDERS = "orders", "Their orders"
        TASKS = "tasks", "The tasks that they have done"

    class Start(models.TextChoices):
        JOIN = "join", "On the day on which they joined"
        CALENDAR = "calendar", "With the calendar"

    class Downgrade(models.TextChoices):
        NEVER = "never", "Nobody goes down"
        ONE_STEP = "oneStep", "One step down, at the end of a period"
        TO_EARNED = "toEarned", "Down to what they have reached"

    key = models.SlugField(max_length=64)
    title = models.CharField(max_length=120)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+")
    is_tier = models.BooleanField(default=False)
    basis = models.CharField(max_length=20, choices=Basis, default=Basis.LIFETIME_EARNED)
    period_months = models.PositiveSmallIntegerField(null=True, blank=True)  # null: the ladder has no periods
    period_start = models.CharField(max_length=10, choices=Start, default=Start.JOIN)
    downgrade = models.CharField(max_length=10, choices=Downgrade, default=Downgrade.TO_EARNED)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(period_months__isnull=False) | ~Q(basis="periodEarned") & ~Q(downgrade="oneStep"),
                name="what_goes_by_periods_has_them",
            ),
            models.UniqueConstraint(fields=["business", "key"], name="one_milestone_set_per_key"),
            models.UniqueConstraint(
                fields=["business"], condition=Q(is_tier=True, archived_at=None), name="one_set_of_tiers"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Milestone(TenantModel):
    """One step of a ladder; a tier, where the ladder is the programme's tiers."""

    set = models.ForeignKey(MilestoneSet, on_delete=models.PROTECT, related_name="milestones", db_index=False)
    key = models.SlugField(max_length=64)
    title = models.CharField(max_length=120)
    threshold = models.BigIntegerField()
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Of what rules pay to whoever is on this step, where they say so: two whole numbers, so that it is exact.
    multiplier_top = models.PositiveIntegerField(default=1)
    multiplier_bottom = models.PositiveIntegerField(default=1)
    benefits = models.JSONField(default=list, blank=True)  # given once, to whoever rises to it
    perks = ArrayField(models.CharField(max_length=200), default=list, blank=True)  # what people read that it brings

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "set", "key"], name="one_milestone_per_key"),
            # The look-up of every award: the highest threshold that a lifetime reaches.
            models.UniqueConstraint(
                fields=["set", "threshold"], condition=Q(archived_at=None), name="one_milestone_per_threshold"
            ),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="threshold_is_not_negative"),
            models.CheckConstraint(
                condition=Q(multiplier_top__gt=0, multiplier_bottom__gt=0), name="multiplier_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.title
