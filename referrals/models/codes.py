"""Codes with which people bring their friends."""

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Upper

from loyalty.kernel import clock
from loyalty.models.base import TenantModel, TenantQuerySet

code_is_sane = RegexValidator(
    r"^[A-Za-z0-9]([A-Za-z0-9_-]{1,38}[A-Za-z0-9])\Z", "Use 3 to 40 letters, digits and inner hyphens or underscores."
)


class ReferralCodeQuerySet(TenantQuerySet["ReferralCode"]):
    def spelled(self, code: str) -> "ReferralCodeQuerySet":
        """The one with this code, in any case."""
        return self.alias(upper_code=Upper("code")).filter(upper_code=Upper(Value(code)))


ReferralCodeManager = models.Manager.from_queryset(ReferralCodeQuerySet)


class ReferralCode(TenantModel):
    """One code of one advocate. In its business it is unique in any case; its link's name is so in the whole house."""

    # No plain constraint: the migration's composite foreign key covers the business too.
    advocate = models.ForeignKey("advocates.Advocate", on_delete=models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=40, validators=[code_is_sane])
    link_name = models.CharField(max_length=60, editable=False)  # in `/r/<name>`
    is_chosen = models.BooleanField(default=False, editable=False)  # by a person, so it may be a name
    is_default = models.BooleanField(default=False, editable=False)  # the one of `referralUrl`
    clicks = models.BigIntegerField(default=0, editable=False)  # the hits of its clicks
    address_hash = models.BinaryField(max_length=32, null=True, editable=False)  # of its owner, if they were told
    agent_hash = models.BinaryField(max_length=32, null=True, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)

    objects: ClassVar[ReferralCodeManager["ReferralCode"]] = ReferralCodeManager()

    class Meta:
        constraints = [
            models.UniqueConstraint("business", Upper("code"), name="one_referral_code_per_spelling"),
            models.UniqueConstraint(Upper("link_name"), name="one_referral_link_per_name"),
            models.UniqueConstraint(
                fields=["business", "advocate"], condition=Q(is_default=True), name="one_default_code_per_advocate"
            ),
            # Named by clicks, referrals and conversions, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="referral_code_with_its_business"),
        ]
        indexes = [
            models.Index(fields=["business", "-created_at", "-id"], name="referral_codes_newest_first"),
            models.Index(fields=["business", "advocate", "created_at"], name="referral_codes_of_advocate"),
        ]

    def __str__(self) -> str:
        return self.code
