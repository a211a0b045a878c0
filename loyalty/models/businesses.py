"""Merchants: plans, businesses with their sandbox twins, and who works for them."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models

from loyalty.kernel import clock, ids
from loyalty.models.base import TenantModel
from loyalty.models.users import User


class Plan(models.Model):
    """What a business may use: calls a minute and a day, over all its keys."""

    key = models.SlugField(primary_key=True)
    name = models.CharField(max_length=60)
    calls_per_minute = models.PositiveIntegerField()
    calls_per_day = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(calls_per_minute__gt=0, calls_per_day__gt=0), name="plan_allows_calls"
            )
        ]

    def __str__(self) -> str:
        return self.name


def paid() -> list[str]:
    return ["paid"]


class Business(models.Model):
    """One merchant's programme: live, or the sandbox twin of a live one (own rows, own keys, own clock)."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"

    class Deficit(models.TextChoices):
        """What a refund takes of points that are spent already."""

        PENDING_ONLY = "pending_only", "Nothing that is not pending any more"
        TO_ZERO = "to_zero", "What is there, down to zero"
        NEGATIVE = "negative", "All of it, and the balance goes below zero"

    class Coupons(models.TextChoices):
        """What becomes of the points that the coupons of a refunded order cost."""

        KEEP = "keep", "They stay spent"
        GIVE_BACK = "give_back", "They are given back"

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(max_length=120)
    slug = models.CharField(
        max_length=63,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z", "Use a-z, 0-9 and inner hyphens.")],
    )
    domain = models.CharField(max_length=253, unique=True, null=True, blank=True)  # noqa: DJ001  # unique where there is one
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    live = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="sandbox", editable=False
    )
    clock_offset = models.DurationField(default=timedelta(0), editable=False)
    programme_stamp = models.BigIntegerField(default=1, editable=False)  # the version of its document
    engine_stamp = models.BigIntegerField(default=1, editable=False)  # moves when what the engine compiles does
    timezone = models.CharField(max_length=60, default="UTC")
    currency = models.CharField(max_length=3, default="EUR")
    users_on_first_event = models.BooleanField("users join by their first event", default=True)
    qualifying_statuses = ArrayField(models.CharField(max_length=20), default=paid)  # of orders: these earn
    refund_deficit = models.CharField(max_length=20, choices=Deficit, default=Deficit.TO_ZERO)
    refund_coupons = models.CharField(max_length=20, choices=Coupons, default=Coupons.KEEP)
    rates = models.JSONField(default=dict, blank=True)  # {"USD": "0.92"}: of `currency`
    ip_allowlist = ArrayField(models.CharField(max_length=49), default=list, blank=True)
    allowed_origins = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    contact_email = models.EmailField(blank=True)
    tokens_valid_from = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        verbose_name_plural = "businesses"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(live__isnull=False) | models.Q(clock_offset=timedelta(0)),
                name="only_a_sandbox_moves_its_clock",
            ),
            models.CheckConstraint(
                condition=models.Q(clock_offset__gte=timedelta(0)), name="clock_moves_forward_only"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sandbox(self) -> bool:
        return self.live_id is not None


class Membership(TenantModel):
    """What a user may do for a business."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MANAGER = "manager"
        ANALYST = "analyst"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role, default=Role.MANAGER)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "user"], name="one_membership_per_user_and_business")
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
