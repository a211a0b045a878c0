"""Trying a draft of the programme on what people have done."""

from django.db import models
from django.db.models import F, Q

from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class Simulation(TenantModel):
    """One try of a document on a window of time: how far it is, and what it has come to so far. Numbers only."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        CANCELLED = "cancelled"
        FAILED = "failed"

    document = models.JSONField()  # the sections that the draft has
    starts_at = models.DateTimeField()  # programme time, as what happened has it
    ends_at = models.DateTimeField()
    point_value = models.CharField(max_length=20, blank=True)  # a decimal, of the business's currency
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    failure = models.CharField(max_length=500, blank=True)
    author = models.CharField(max_length=254, blank=True)
    last_account = models.UUIDField(null=True)  # people go by their ids: up to here all are done
    people = models.PositiveBigIntegerField(default=0)  # when it began
    people_done = models.PositiveBigIntegerField(default=0)
    tally = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.wall)
    moved_at = models.DateTimeField(default=clock.wall)  # when it came on last
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business"], condition=Q(state="running"), name="one_simulation_runs_at_a_time"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="simulation_ends_after_it_starts"),
        ]
        indexes = [models.Index(fields=["business", "created_at", "id"], name="simulations_by_age")]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d} to {self.ends_at:%Y-%m-%d}"
