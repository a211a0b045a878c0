"""Who brought whom."""

from django.db import models

from loyalty.kernel import clock
from loyalty.models.base import TenantModel
from referrals.models.codes import ReferralCode


class Referral(TenantModel):
    """A friend whom a code has brought: once in their life, the first code counts."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    code = models.ForeignKey(
        ReferralCode, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    friend = models.ForeignKey("advocates.Advocate", on_delete=models.PROTECT, related_name="+", db_index=False)
    is_cut = models.BooleanField(default=False)  # by a merge, after which somebody would have brought themselves
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "friend"], name="a_friend_is_brought_once"),
        ]
        indexes = [models.Index(fields=["business", "code", "created_at"], name="referrals_of_code")]

    def __str__(self) -> str:
        return f"{self.friend_id} by {self.code_id}"
