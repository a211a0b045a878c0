"""Earn rules in the dashboard: whether they run, what they pay, and the terms of each version to look at."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty.admin import look, panels
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.earn_rule_form import PLAIN, EarnRuleForm
from loyalty.admin.panels import Figure, Panel
from loyalty.models import EarnRule, EarnRuleVersion
from loyalty.services import earn_rules
from loyalty.services.earn_terms import Earn, Limit, Terms
from loyalty.services.kinds.earning import KINDS

Status = EarnRule.Status
COLOURS = {Status.ACTIVE: "success", Status.PAUSED: "warning"}
EACH = {None: "in all", "daily": "a day", "weekly": "a week", "monthly": "a month", "yearly": "a year"}
VERSIONS_SHOWN = 10


def terms_of(rule: EarnRule) -> Terms:
    return earn_rules.terms_of(rule.current)


def state(rule: EarnRule) -> object:
    return look.state(rule.get_status_display(), COLOURS.get(Status(rule.status), ""))


def pays(earn: Earn) -> str:
    each = f" per {earn.per} {earn.currency}" if earn.per else ""
    return f"{look.points(earn.points)} points{each}"


def often(limit: Limit) -> str:
    if limit.times is None:
        return "No limit"
    return f"{look.points(limit.times)} {EACH[limit.period]}"


def left(rule: EarnRule) -> object:
    budget = terms_of(rule).budget
    if budget is None:
        return "No bound"
    rest = budget - rule.spending.spent
    return look.points(rest) if rest > 0 else look.state("None", "danger")


def trigger(name: str) -> object:
    """What the kind is called; an event, by its own name."""
    return KINDS[name].TITLE if name in KINDS else look.code(name)


def said(rule: EarnRule) -> object:
    """The terms, without what every rule has that says nothing of it."""
    return look.pretty({name: value for name, value in rule.current.terms.items() if value != PLAIN.get(name)})


STATE = look.column("State", state, order="status")
TRIGGER = look.column("Pays for", lambda rule: trigger(rule.current.trigger))
TERMS = look.column("Terms in force", said)
SHOWN: tuple[Any, ...] = (TRIGGER, TERMS)
PAYS = ("points", "per", "min_spend", "tier_multiplier")
BOUNDS = ("times", "period", "budget")
TIME = ("pending_days", "expires_after_days")
VERSIONS = (
    look.column("Version", lambda version: version.number),
    look.moment_of("created_at", "From"),
    look.column("Pays for", lambda version: trigger(version.trigger)),
    look.column("Pays", lambda version: pays(earn_rules.terms_of(version).earn)),
    look.column("At most", lambda version: often(earn_rules.terms_of(version).limit)),
)


@admin.register(EarnRule)
class EarnRuleAdmin(ServiceAdmin):
    form = EarnRuleForm
    list_display = (
        "title",
        STATE,
        TRIGGER,
        look.column("Pays", lambda rule: pays(terms_of(rule).earn)),
        look.column("At most", lambda rule: often(terms_of(rule).limit)),
        look.column("Budget left", left),
        look.column("Version", lambda rule: rule.current.number),
    )
    list_filter = ("status",)
    search_fields = ("title", "key")
    ordering = ("key",)
    when_empty = "A rule pays points for what people do. Add one here, or write it in the programme."
    fieldsets = (
        (None, {"fields": ("title", "key", "status", "trigger")}),
        ("What it pays", {"fields": PAYS}),
        ("How often", {"fields": BOUNDS}),
        ("When the points come and go", {"fields": TIME}),
        ("Everything else", {"fields": ("more",)}),
    )
    view_fields = ("title", STATE, "key", *SHOWN)
    actions = ("activate", "pause", "archive")

    def get_readonly_fields(self, request: HttpRequest, obj: EarnRule | None = None) -> Any:
        return ("key", TRIGGER) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: EarnRule | None = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        if obj is None or not self.has_change_permission(request, obj):
            return shown
        return ((None, {"fields": ("title", "key", "status", TRIGGER)}), *shown[1:])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "current", "spending")

    def summary(self, request: HttpRequest, rule: EarnRule) -> Sequence[Figure]:
        return (
            Figure("State", state(rule)),
            Figure("Pays", pays(terms_of(rule).earn)),
            Figure("Budget left", left(rule), "points, for all people together"),
        )

    def panels(self, request: HttpRequest, rule: EarnRule) -> Sequence[Panel]:
        versions = EarnRuleVersion.objects.for_business(rule.business).filter(rule=rule)
        newest = versions.order_by("-number")[:VERSIONS_SHOWN]
        return [panels.table("Versions of its terms", VERSIONS, newest, empty="")]

    @admin.action(description="Start the chosen rules", permissions=["act"])
    def activate(self, request: HttpRequest, queryset: QuerySet[EarnRule]) -> None:
        self._set(request, queryset, Status.ACTIVE)

    @admin.action(description="Pause the chosen rules", permissions=["act"])
    def pause(self, request: HttpRequest, queryset: QuerySet[EarnRule]) -> None:
        self._set(request, queryset, Status.PAUSED)

    @admin.action(description="Archive the chosen rules", permissions=["act"])
    def archive(self, request: HttpRequest, queryset: QuerySet[EarnRule]) -> None:
        self._set(request, queryset, Status.ARCHIVED)

    def _set(self, request: HttpRequest, queryset: QuerySet[EarnRule], status: Status) -> None:
        chosen = list(queryset.exclude(status=status))
        for rule in chosen:
            earn_rules.update(business=rule.business, rule_id=rule.pk, status=status)
            self.log_change(request, rule, f"Made {status}.")
        messages.success(request, f"{len(chosen)} now {status}.")
