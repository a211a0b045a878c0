"""Orders that friends placed, and what became of the promise."""

from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.base import TenantModel
from referrals.models.codes import ReferralCode
from referrals.models.programmes import Mission


class Conversion(TenantModel):
    """One order of a friend. None is ever lost: what is not paid is held or rejected, with the reason."""

    class Status(models.TextChoices):
        CONFIRMED = "confirmed"
        HELD = "held"
        REJECTED = "rejected"
        REVERSED = "reversed"  # was confirmed; both sides gave back

    # No plain constraint: the migration's composite foreign key covers the business too.
    code = models.ForeignKey(
        ReferralCode, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    referrer = models.ForeignKey("advocates.Advocate", on_delete=models.PROTECT, related_name="+", db_index=False)
    friend = models.ForeignKey(
        "advocates.Advocate", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    order_id = models.CharField(max_length=128)
    order_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status)
    reason = models.CharField(max_length=40, blank=True)  # a code of `services/risk.py`
    note = models.CharField(max_length=500, blank=True)  # what an operator wrote
    mission_quest = models.SlugField(max_length=64, blank=True, db_index=False)  # which the friend must do, as then
    mission_task = models.SlugField(max_length=64, blank=True, db_index=False)
    friend_email = models.EmailField(blank=True)  # as the order named them
    friend_external_id = models.CharField(max_length=128, blank=True)
    email_hash = models.BinaryField(max_length=32, null=True)  # of the friend's address without dots and tags
    visitor_hash = models.BinaryField(max_length=32, null=True)
    address_hash = models.BinaryField(max_length=32, null=True)
    agent_hash = models.BinaryField(max_length=32, null=True)
    referrer_benefits = models.JSONField(default=list, blank=True)  # as they were promised then
    friend_benefits = models.JSONField(default=list, blank=True)
    points = models.BigIntegerField(default=0)  # what the referrer was given
    due_at = models.DateTimeField(null=True)  # when a held one is paid by itself; null: an operator decides
    created_at = models.DateTimeField(default=clock.wall)
    updated_at = models.DateTimeField(default=clock.wall)

    class Meta:
        verbose_name = "referred order"
        constraints = [
            models.UniqueConstraint(fields=["business", "order_id"], name="one_conversion_per_order"),
            models.CheckConstraint(condition=Q(order_minor__gte=0), name="an_order_is_worth_something"),
            models.CheckConstraint(
                condition=Q(status="confirmed", reason="") | ~Q(status="confirmed"), name="confirmed_without_a_but"
            ),
            models.CheckConstraint(condition=Q(due_at=None) | Q(status="held"), name="only_what_is_held_falls_due"),
        ]
        indexes = [
            models.Index(fields=["business", "-created_at", "-id"], name="conversions_newest_first"),
            # Counters and statistics of a code.
            models.Index(fields=["business", "code", "created_at"], name="conversions_of_code"),
            # The limits of a referrer, and whom they brought from the same device.
            models.Index(fields=["business", "referrer", "created_at"], name="conversions_of_referrer"),
            models.Index(fields=["business", "friend"], name="conversions_of_friend"),
            models.Index(
                fields=["business", "email_hash"], condition=Q(email_hash__isnull=False), name="conversions_by_email"
            ),
            models.Index(
                fields=["business", "visitor_hash"],
                condition=Q(visitor_hash__isnull=False),
                name="conversions_by_visitor",
            ),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="conversions_due"),
            # Those that fall due when their friends have done a mission.
            models.Index(
                fields=["id"], condition=Q(reason="mission_open", due_at=None), name="conversions_with_open_mission"
            ),
        ]

    @property
    def mission(self) -> Mission:
        return Mission(self.mission_quest, self.mission_task)

    def __str__(self) -> str:
        return f"Order {self.order_id}"
