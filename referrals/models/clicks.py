"""Visits through a code."""

from django.db import models

from loyalty.kernel import clock
from loyalty.models.base import TenantModel
from referrals.models.codes import ReferralCode


class Click(TenantModel):
    """One visitor of one code on one day of the programme, with how often. Who it was, only keyed hashes hint at."""

    # No plain constraint: the migration's composite foreign key covers the business too.
    code = models.ForeignKey(
        ReferralCode, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    visitor_hash = models.BinaryField(max_length=32)
    address_hash = models.BinaryField(max_length=32, null=True)
    agent_hash = models.BinaryField(max_length=32, null=True)
    landing = models.CharField(max_length=500, blank=True)  # the page, without its query
    day = models.DateField()
    hits = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "code", "visitor_hash", "day"], name="one_click_a_day"),
        ]
        indexes = [
            models.Index(fields=["business", "code", "day"], include=["hits"], name="clicks_of_code_by_day"),
            models.Index(fields=["business", "visitor_hash"], name="clicks_of_visitor"),
            models.Index(
                fields=["created_at"],
                condition=models.Q(address_hash__isnull=False) | models.Q(agent_hash__isnull=False),
                name="clicks_with_signals_by_age",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hits} on {self.day}"
