"""Earn rules: what people get points for. Their terms are kept as versions, which never change."""

from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.accounts import Account
from loyalty.models.base import BusyTenantModel, TenantModel


class EarnRule(TenantModel):
    """A rule. Its title and status are here, its terms in the version that is in force."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"  # by the operator, or by itself when its budget was spent
        ARCHIVED = "archived"

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    current = models.OneToOneField(
        "loyalty.EarnRuleVersion", on_delete=models.PROTECT, related_name="+", editable=False
    )
    created_at = models.DateTimeField(editable=False, default=clock.wall)
    updated_at = models.DateTimeField(editable=False, default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_earn_rule_per_key"),
            # Named by versions, budgets and uses through composite foreign keys, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="earn_rule_with_its_business"),
        ]

    def __str__(self) -> str:
        return self.title


class EarnRuleVersion(TenantModel):
    """The terms of a rule from one change to the next. The database refuses to rewrite them."""

    # No plain constraint: the migration's composite foreign key covers the business too.
    rule = models.ForeignKey(
        EarnRule, on_delete=models.PROTECT, related_name="versions", db_index=False, db_constraint=False
    )
    number = models.PositiveIntegerField()
    trigger = models.CharField(max_length=64)
    terms = models.JSONField()  # as documents spell them: see `loyalty.services.earn_terms`
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="one_earn_rule_version_per_number")]

    def __str__(self) -> str:
        return f"version {self.number}"


class EarnRuleBudget(TenantModel):
    """How much a rule with a budget has paid. It is locked last of all, and changes more often than the rule."""

    rule = models.OneToOneField(EarnRule, on_delete=models.PROTECT, related_name="spending", db_constraint=False)
    spent = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(spent__gte=0), name="a_budget_is_not_earned")]

    def __str__(self) -> str:
        return f"{self.spent} spent"


class EarnRuleUse(BusyTenantModel):
    """How often a rule with a limit has paid somebody in a period. Written with their account locked."""

    # No plain constraints: composite foreign keys name both with the business.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    rule = models.ForeignKey(EarnRule, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    period = models.CharField(max_length=10, blank=True)  # empty: once and for all
    times = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "account", "rule", "period"], name="one_use_per_period"),
            models.CheckConstraint(condition=Q(times__gt=0), name="a_use_was_used"),
        ]

    def __str__(self) -> str:
        return f"{self.times} times"
