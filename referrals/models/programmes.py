"""What a business gives for a friend who is brought along, and when."""

from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.base import TenantModel


def points_for_referrer() -> list[dict[str, Any]]:
    return [{"kind": "metric", "metric": "points", "quantity": 200}]


def points_for_friend() -> list[dict[str, Any]]:
    return [{"kind": "metric", "metric": "points", "quantity": 100}]


def percent(points: int) -> str:
    """Basis points as a decimal text: 250 is "2.5"."""
    return f"{Decimal(points).scaleb(-2).normalize():f}"


class Mission(NamedTuple):
    """What a friend must have done, by its keys. No quest: nothing. No task: all of the quest."""

    quest: str = ""
    task: str = ""


class ReferralProgramme(TenantModel):
    """The rules of one business. Until it saves its own, the defaults here are in force."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"

    class Completion(models.TextChoices):
        FIRST_ORDER = "first_order", "A friend's first order"
        EVERY_ORDER = "every_order", "Every order of a friend"

    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    referrer_benefits = models.JSONField(default=points_for_referrer, blank=True)
    friend_benefits = models.JSONField(default=points_for_friend, blank=True)
    completion = models.CharField(max_length=20, choices=Completion, default=Completion.FIRST_ORDER)
    min_order_minor = models.BigIntegerField(default=0)  # of `currency`
    currency = models.CharField(max_length=3, editable=False)
    hold_days = models.PositiveSmallIntegerField(default=0)
    mission_quest = models.SlugField(max_length=64, blank=True, db_index=False)  # what the friend must have done …
    mission_task = models.SlugField(max_length=64, blank=True, db_index=False)  # … or this step of it
    per_month = models.PositiveIntegerField(null=True, blank=True)  # paid friends of one referrer; null: no limit
    # What who brought a friend gets of what the friend earns, then who brought those: basis points. None: no share.
    share_levels = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    share_quest = models.SlugField(max_length=64, blank=True, db_index=False)  # what the friend must have completed
    share_task = models.SlugField(max_length=64, blank=True, db_index=False)  # or this step of it
    updated_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business"], name="one_referral_programme"),
            models.CheckConstraint(condition=Q(min_order_minor__gte=0), name="referral_minimum_is_no_debt"),
        ]

    @property
    def shares(self) -> bool:
        return self.status == self.Status.ACTIVE and bool(self.share_levels)

    @property
    def mission(self) -> Mission:
        """Before both sides are paid for an order."""
        return Mission(self.mission_quest, self.mission_task)

    @property
    def share_mission(self) -> Mission:
        """Before what the friend earns is shared."""
        return Mission(self.share_quest, self.share_task)

    def __str__(self) -> str:
        return f"Referral programme ({self.status})"
