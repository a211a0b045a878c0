"""What the programme counts, and its ladders of thresholds: tiers are one."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from unfold import widgets

from loyalty.admin import look
from loyalty.admin.base import TenantAdmin, TenantInline
from loyalty.admin.forms import TenantForm
from loyalty.admin.metric_form import EXPIRY, KEY_HELP, KEY_TAKEN, Amount, MetricForm
from loyalty.kernel import periods
from loyalty.models import Metric, Milestone, MilestoneSet

STATE = look.column("State", lambda row: look.state("Archived" if row.archived_at else "In use"))


class Factor(forms.IntegerField):
    """The top or the bottom of a fraction: 1, where none is given."""

    widget = widgets.UnfoldAdminIntegerFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=1_000_000, initial=1, required=False, **kwargs)

    def clean(self, value: Any) -> int:
        return super().clean(value) or 1


@admin.register(Metric)
class MetricAdmin(TenantAdmin):
    form = MetricForm
    list_display = ("title", "key", "lowest", "highest", "lasting", STATE)
    ordering = ("key",)
    fieldsets = (
        (None, {"fields": ("title", "key", "media")}),
        ("Bounds", {"fields": ("default_value", "minimum", "maximum")}),
        ("Expiry", {"fields": EXPIRY}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Metric | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()

    @admin.display(description="Minimum", ordering="minimum")
    def lowest(self, metric: Metric) -> str:
        return look.points(metric.minimum)

    @admin.display(description="Maximum", ordering="maximum")
    def highest(self, metric: Metric) -> str:
        return "No bound" if metric.maximum is None else look.points(metric.maximum)

    @admin.display(description="Expires")
    def lasting(self, metric: Metric) -> str:
        if not metric.expiry_basis:
            return "Never"
        after = periods.in_words(metric.expiry_months, metric.expiry_days)
        return f"{after} after the award" if metric.expiry_basis == Metric.Basis.LOT else f"{after} of silence"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """When and how points expire is one thing, and is written as one."""
        form.changed_data = list({*form.changed_data, *EXPIRY})
        super().save_model(request, obj, form, change)


class ArchivedForm(TenantForm):
    """What is archived takes no other row's place."""

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"archived_at"}


class MilestoneForm(ArchivedForm):
    threshold = Amount(help_text="How much of the metric someone must have earned in their lifetime.")
    multiplier_top = Factor(label="Pays ×", help_text="Of rules that multiply by tier: 5 and 4 pay five quarters.")
    multiplier_bottom = Factor(label="÷")


class Steps(forms.models.BaseInlineFormSet[Any, Any, Any]):
    def clean(self) -> None:
        super().clean()
        rows = [form.cleaned_data for form in self.forms if not form.errors]
        thresholds = [row["threshold"] for row in rows if "threshold" in row and not row.get("DELETE")]
        if len(set(thresholds)) < len(thresholds):
            raise forms.ValidationError("Two steps have the same threshold. Give each its own.")


class Milestones(TenantInline):
    model = Milestone
    form = MilestoneForm
    formset = Steps
    fields = ("title", "key", "threshold", "multiplier_top", "multiplier_bottom")
    ordering = ("threshold",)
    hide_title = True
    verbose_name = "step"
    verbose_name_plural = "Steps, from the lowest threshold to the highest"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).filter(archived_at=None)
        return rows


class LadderForm(ArchivedForm):
    class Meta:
        error_messages = KEY_TAKEN
        labels = {"is_tier": "These are the programme's tiers"}
        help_texts = {
            "key": KEY_HELP,
            "metric": "Steps are reached by what someone has earned of it, spent or not.",
            "is_tier": "A programme has one set of tiers. Everyone starts on the step from 0, and moves with "
            "what they earn.",
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        ladders = MilestoneSet.objects.for_business(self.business).filter(is_tier=True, archived_at=None)
        if given.get("is_tier") and ladders.exclude(pk=self.instance.pk).exists():
            self.add_error("is_tier", "Another set is the programme's tiers already. Untick it there first.")
        return given


@admin.register(MilestoneSet)
class MilestoneSetAdmin(TenantAdmin):
    form = LadderForm
    inlines = (Milestones,)
    list_display = (
        "title",
        "key",
        "metric",
        look.column("Steps", lambda row: row.step_count),
        look.column("Kind", lambda row: look.state("Tiers", "primary") if row.is_tier else look.state("Milestones")),
        STATE,
    )
    list_select_related = ("metric",)
    ordering = ("key",)
    fields = ("title", "key", "metric", "is_tier")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(step_count=Count("milestones", filter=Q(milestones__archived_at=None)))
        return counted

    def get_readonly_fields(self, request: HttpRequest, obj: MilestoneSet | None = None) -> tuple[str, ...]:
        return ("key", "metric") if obj else ()
