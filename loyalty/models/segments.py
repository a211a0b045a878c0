"""Named groups of people, for which rewards and quests can be kept; memberships are those that bring something."""

from fractions import Fraction

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.accounts import Account
from loyalty.models.base import TenantModel


class Segment(TenantModel):
    """A group with a key. Archived ones keep their members, and admit nobody."""

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=120)
    archived_at = models.DateTimeField(null=True, editable=False)
    is_membership = models.BooleanField(default=False)
    # What a membership brings: a factor on what rules pay, where they say so; something once; what people read of it.
    multiplier_top = models.PositiveIntegerField(default=1)
    multiplier_bottom = models.PositiveIntegerField(default=1)
    benefits = models.JSONField(default=list)
    perks = ArrayField(models.CharField(max_length=200), default=list)
    # How long it lasts; nothing: for ever.
    months = models.PositiveSmallIntegerField(default=0)
    days = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_segment_per_key"),
            models.UniqueConstraint(fields=["id", "business"], name="segment_with_its_business"),
            models.CheckConstraint(
                condition=Q(multiplier_top__gt=0, multiplier_bottom__gt=0), name="a_membership_multiplies"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def multiplier(self) -> Fraction:
        return Fraction(self.multiplier_top, self.multiplier_bottom)


class SegmentMember(TenantModel):
    """One person in one segment."""

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    joined_at = models.DateTimeField(default=clock.wall)
    ends_at = models.DateTimeField(null=True)  # the first moment at which they are in it no more
    source = models.CharField(max_length=200, blank=True)  # what they were let in for, where rules did it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "account", "segment"], name="in_a_segment_once"),
        ]
        indexes = [
            models.Index(fields=["segment", "account"], name="members_of_segment"),
            # Whose membership is over.
            models.Index(fields=["ends_at"], condition=Q(ends_at__isnull=False), name="members_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.segment_id}"


class Admission(TenantModel):
    """The one time that somebody joined a membership first: what joining brings was given then, or refused."""

    # No plain constraints: composite foreign keys name both with the business.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    segment = models.ForeignKey(
        Segment, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    refusal = models.CharField(max_length=40, blank=True)  # the code of why not all its benefits were given
    created_at = models.DateTimeField(default=clock.wall)  # programme time

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "account", "segment"], name="one_admission_per_membership"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} to {self.segment_id}"
