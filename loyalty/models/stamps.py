"""Stamp cards: a stamp for each order or piece, and something at chosen slots. A full card starts anew."""

from collections.abc import Iterable

from django.db import models
from django.db.models import F, Q

from loyalty.kernel import clock
from loyalty.models.accounts import Account
from loyalty.models.base import TenantModel
from loyalty.models.metrics import Metric


class StampCard(TenantModel):
    """A card. People's stamps are their balance of its metric, which only grows: a full card is so many more.

    The first `prefilled` slots of every card are stamped from the start. `stamp` and `rewards` are as documents spell
    them: see `loyalty.services.stamp_rules`.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=120)
    # No plain constraint: the migration's composite foreign key covers the business too.
    metric = models.OneToOneField(Metric, on_delete=models.PROTECT, related_name="stamp_card", db_constraint=False)
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    slots = models.PositiveSmallIntegerField()
    prefilled = models.PositiveSmallIntegerField(default=0)
    cooldown_hours = models.PositiveSmallIntegerField(default=0)  # after a stamp, in which orders give none
    stamp = models.JSONField()
    rewards = models.JSONField(default=list)
    version = models.PositiveIntegerField(default=1)  # of all this: entries name it
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_stamp_card_per_key"),
            models.UniqueConstraint(fields=["id", "business"], name="stamp_card_with_its_business"),
            models.CheckConstraint(condition=Q(slots__gt=F("prefilled")), name="a_new_card_has_free_slots"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def length(self) -> int:
        """How many stamps fill it."""
        return self.slots - self.prefilled

    def full(self, stamps: int) -> int:
        """How many cards so many stamps have filled."""
        return max(0, stamps) // self.length

    def filled(self, stamps: int) -> int:
        """How many slots are stamped of the card in use."""
        return self.prefilled + max(0, stamps) % self.length

    def slot_of(self, stamp: int) -> int:
        """Where on its card the stamp of this number goes; the first one is 1."""
        return self.prefilled + (stamp - 1) % self.length + 1

    def given_by(self, stamps: Iterable[int]) -> list[tuple[int, int]]:
        """Those of these stamps that bring something, each with its slot."""
        slots = {each["slot"] for each in self.rewards}
        return [(stamp, slot) for stamp in stamps if (slot := self.slot_of(stamp)) in slots]


class StampReward(TenantModel):
    """The one time that somebody's stamp of a number brought something: it was given then, or refused."""

    # No plain constraints: composite foreign keys name both with the business.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    card = models.ForeignKey(
        StampCard, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    stamp = models.PositiveIntegerField()
    slot = models.PositiveSmallIntegerField()
    refusal = models.CharField(max_length=40, blank=True)  # the code of why not all its benefits were given
    created_at = models.DateTimeField(default=clock.wall)  # programme time

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "account", "card", "stamp"], name="a_stamp_brings_something_once"
            ),
        ]
        indexes = [models.Index(fields=["card", "created_at"], name="rewards_of_stamp_card")]

    def __str__(self) -> str:
        return f"slot {self.slot}"
