"""Hold to Earn: programmes that pay people for what they hold, and what each has accrued.

Minutes are shared out, and accruals posted, by the functions in `migrations/sql/hold.sql`.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from loyalty.kernel import clock, points
from loyalty.models.accounts import Account
from loyalty.models.base import BusyTenantModel, TenantModel, TenantQuerySet
from loyalty.models.metrics import Metric

MINUTES = 1440  # of a day
PARTS = 1_440_000  # of a point: a pool of one point a day pours out a whole number of them each minute


class HoldProgramme(TenantModel):
    """A pool that flows to whoever holds the stake metric, minute by minute; or one sum for newcomers who begin to."""

    class Kind(models.TextChoices):
        REGULAR = "regular", "A pool, shared every minute"
        WELCOME = "welcome", "One bonus for each newcomer"

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        ARCHIVED = "archived"

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.REGULAR)
    status = models.CharField(max_length=10, choices=Status, default=Status.PAUSED)
    stake = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False)  # what is held
    pays = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False)  # what it earns
    term = models.DurationField(default=timedelta(0))  # the least that somebody held for so long is their stake
    minimum = models.BigIntegerField(default=1)  # the smallest stake that counts
    per_day = models.BigIntegerField(default=0)  # the fixed pool
    revenue_points = models.BigIntegerField(null=True)  # what a pool that revenue feeds gets …
    revenue_per = models.BigIntegerField(null=True)  # … of so much, in minor units of the business's currency
    bonus = models.BigIntegerField(default=0)  # of a welcome
    segment_keys = ArrayField(models.CharField(max_length=64), default=list, blank=True)  # empty: for everybody
    started_at = models.DateTimeField(null=True)  # when it was first switched on
    accrued_until = models.DateTimeField(null=True)  # the last minute that is shared out; null while it does not run
    posted_at = models.DateTimeField(null=True)  # when all that had accrued was posted last
    poured = models.DecimalField(max_digits=40, decimal_places=0, default=0)  # parts that ever flowed
    kept = models.DecimalField(max_digits=40, decimal_places=0, default=0)  # of them those that nobody was there for
    unfed = models.BigIntegerField(default=0)  # of reported revenue × points, what did not make a whole point yet

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_hold_programme_per_key"),
            models.UniqueConstraint(fields=["id", "business"], name="hold_programme_with_its_business"),
            models.CheckConstraint(
                condition=Q(minimum__range=(1, points.MAX_BALANCE), term__range=(timedelta(0), timedelta(days=366))),
                name="hold_programme_stakes_in_range",
            ),
            models.CheckConstraint(
                condition=Q(kind="regular", bonus=0, per_day__range=(1, points.MAX_MOVE), revenue_points=None)
                | Q(kind="regular", bonus=0, per_day=0, revenue_points__gt=0, revenue_per__gt=0)
                | Q(kind="welcome", bonus__range=(1, points.MAX_MOVE), per_day=0, revenue_points=None),
                name="hold_programme_has_one_source",
            ),
            models.CheckConstraint(
                condition=Q(status="active", accrued_until__isnull=False, started_at__isnull=False)
                | ~Q(status="active") & Q(accrued_until=None),
                name="only_an_active_hold_programme_runs",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class HoldAccrualQuerySet(TenantQuerySet["HoldAccrual"]):
    def with_posted(self) -> Any:
        """Annotate what was `posted`, in points, and what is `waiting`, in parts."""
        posted = Coalesce(F("posting__points"), Decimal(0))
        return self.annotate(posted=posted, waiting=F("parts") - posted * PARTS)


HoldAccrualManager = models.Manager.from_queryset(HoldAccrualQuerySet)


class HoldAccrual(BusyTenantModel):
    """What one person has accrued in one programme, all of it; `HoldPosting` says what was posted of it."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    programme = models.ForeignKey(
        HoldProgramme, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    parts = models.DecimalField(max_digits=40, decimal_places=0, default=0)

    objects: ClassVar[HoldAccrualManager["HoldAccrual"]] = HoldAccrualManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "programme"], name="one_accrual_per_person_and_programme"),
            models.CheckConstraint(condition=Q(parts__gte=0), name="accruals_are_not_negative"),
        ]
        indexes = [models.Index(fields=["programme", "account"], name="accruals_of_hold_programme")]

    def __str__(self) -> str:
        return f"{self.parts} parts"


class HoldPosting(BusyTenantModel):
    """How many points of an accrual were posted.

    A row of its own, written under the lock of the account. Accruals are locked while a minute is shared out, and
    nobody who looks at what they have, or spends it, waits for that.
    """

    accrual = models.OneToOneField(HoldAccrual, on_delete=models.PROTECT, related_name="posting")
    points = models.DecimalField(max_digits=30, decimal_places=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(points__gt=0), name="a_hold_posting_posts_something")]

    def __str__(self) -> str:
        return f"{self.points} posted"


class RevenueReport(TenantModel):
    """Revenue that a merchant told of, once for each of their request ids."""

    request_id = models.CharField(max_length=128)
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    day = models.DateField()
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "request_id"], name="one_report_per_request_id"),
            models.CheckConstraint(condition=Q(minor__gte=0), name="revenue_is_not_negative"),
        ]
        indexes = [models.Index(fields=["business", "created_at"], name="reports_by_time")]

    def __str__(self) -> str:
        return self.request_id


class HoldFeed(TenantModel):
    """Points that a report brought to a programme. They flow in equal parts over the day that begins with it."""

    programme = models.ForeignKey(HoldProgramme, on_delete=models.PROTECT, related_name="+", db_index=False)
    report = models.ForeignKey(RevenueReport, on_delete=models.PROTECT, related_name="+", db_index=False)
    points = models.BigIntegerField()
    starts_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "programme"], name="a_report_feeds_a_programme_once"),
            models.CheckConstraint(condition=Q(points__gt=0), name="a_feed_brings_something"),
        ]
        indexes = [models.Index(fields=["programme", "starts_at"], name="feeds_of_hold_programme")]

    def __str__(self) -> str:
        return f"{self.points} from {self.starts_at}"
