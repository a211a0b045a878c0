"""How far people are on the ladders of a programme: where each stands, and which steps they ever rose to."""

from django.db import models

from loyalty.kernel import clock
from loyalty.models.accounts import Account
from loyalty.models.base import BusyTenantModel
from loyalty.models.metrics import Milestone, MilestoneSet


class OfClimber(BusyTenantModel):
    """A row about one person."""

    # No plain constraint: a composite foreign key names the account with its business.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        abstract = True


class Climb(OfClimber):
    """Where somebody stands on a ladder, and their period on it. Written by `migrations/sql/milestones.sql`.

    Who has no row has not moved: they stand on the step from 0. On the tiers they stand where their account says.
    """

    set = models.ForeignKey(MilestoneSet, on_delete=models.PROTECT, related_name="+", db_index=False)
    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    base = models.BigIntegerField(default=0)  # what was earned before the period began
    period_from = models.DateTimeField(null=True)
    period_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "set"], name="one_climb_per_ladder")]
        indexes = [models.Index(fields=["set"], name="climbs_of_ladder")]

    def __str__(self) -> str:
        return f"{self.account_id} on {self.set_id}"


class Arrival(OfClimber):
    """The one time that somebody rose to a step: what it gives was given then, or refused."""

    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="+", db_index=False)
    refusal = models.CharField(max_length=40, blank=True)  # the code of why not all its benefits were given
    created_at = models.DateTimeField(default=clock.wall)  # programme time

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "milestone"], name="one_arrival_per_milestone")]

    def __str__(self) -> str:
        return f"{self.account_id} at {self.milestone_id}"
