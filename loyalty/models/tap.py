"""Tap to Earn: programmes that turn taps in the widget into points, and the energy that people have left for it."""

from datetime import date, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from loyalty.kernel import points
from loyalty.kernel.tanks import Level, Tank
from loyalty.models.accounts import Account
from loyalty.models.base import BusyTenantModel, TenantModel
from loyalty.models.metrics import Metric

MOST_ENERGY = 100_000
SLOWEST = 86_400  # seconds until one energy is back
FASTEST = 50  # taps a second
SECOND = timedelta(seconds=1)
BREATH = 10  # seconds of the fastest tapping that may come at once


class TapProgramme(TenantModel):
    """Each tap takes one energy and gives points; time gives the energy back."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        ARCHIVED = "archived"

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.PAUSED)
    pays = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False)
    per_tap = models.BigIntegerField(default=1)
    energy = models.PositiveIntegerField()  # taps, until a full one is empty
    refill_seconds = models.PositiveIntegerField()  # until one energy is back
    per_second = models.PositiveSmallIntegerField(default=10)  # taps that count; a finger is no faster
    per_day = models.BigIntegerField(null=True)  # what one person can tap in a day of the programme; null: no limit
    segment_keys = ArrayField(models.CharField(max_length=64), default=list, blank=True)  # empty: for everybody

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_tap_programme_per_key"),
            models.UniqueConstraint(fields=["id", "business"], name="tap_programme_with_its_business"),
            models.CheckConstraint(
                condition=Q(
                    energy__range=(1, MOST_ENERGY),
                    refill_seconds__range=(1, SLOWEST),
                    per_second__range=(1, FASTEST),
                    per_tap__range=(1, points.MAX_MOVE),
                ),
                name="tap_programme_in_range",
            ),
            models.CheckConstraint(
                condition=Q(per_day=None) | Q(per_day__range=(models.F("per_tap"), points.MAX_BALANCE)),
                name="a_day_has_room_for_a_tap",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def tank(self) -> Tank:
        return Tank(self.energy, timedelta(seconds=self.refill_seconds))

    @property
    def pace(self) -> Tank:
        """How fast taps may come: it fills with the taps that a finger could have made."""
        return Tank(self.per_second * BREATH, -(-SECOND // self.per_second))


class TapMeter(BusyTenantModel):
    """One person in one programme: the energy that they had after their latest taps, and what they have tapped."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    programme = models.ForeignKey(
        TapProgramme, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    energy = models.PositiveIntegerField()
    energy_at = models.DateTimeField()
    pace = models.PositiveIntegerField()  # taps that could have come at once
    pace_at = models.DateTimeField()
    day = models.DateField()
    today = models.BigIntegerField(default=0)  # points on that day
    taps = models.BigIntegerField(default=0)  # those that were paid
    earned = models.DecimalField(max_digits=30, decimal_places=0, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "programme"], name="one_tap_meter_per_person_and_programme"),
            models.CheckConstraint(
                condition=Q(today__gte=0, taps__gte=0, earned__gte=0), name="tap_meters_are_not_negative"
            ),
        ]
        indexes = [models.Index(fields=["programme", "account"], name="meters_of_tap_programme")]

    def __str__(self) -> str:
        return f"{self.taps} taps, {self.earned} earned"

    def on(self, day: date) -> int:
        """The points of a day."""
        return self.today if self.day == day else 0

    @property
    def energy_level(self) -> Level:
        return Level(self.energy, self.energy_at)

    @property
    def pace_level(self) -> Level:
        return Level(self.pace, self.pace_at)
