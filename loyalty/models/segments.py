"""Named groups of people, for which rewards and quests can be kept."""

from django.db import models

from loyalty.models.accounts import Account
from loyalty.models.base import TenantModel


class Segment(TenantModel):
    """A group with a key. Archived ones keep their members, and admit nobody."""

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=120)
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["business", "key"], name="one_segment_per_key")]

    def __str__(self) -> str:
        return self.title


class SegmentMember(TenantModel):
    """One person in one segment."""

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "account", "segment"], name="in_a_segment_once"),
        ]
        indexes = [models.Index(fields=["segment", "account"], name="members_of_segment")]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.segment_id}"
