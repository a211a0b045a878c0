"""The programme's ladders of thresholds: tiers are one."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from unfold import widgets

from loyalty.admin import look, seats
from loyalty.admin.archiving import Archivable
from loyalty.admin.base import TenantAdmin, TenantInline
from loyalty.admin.benefit_fields import BenefitsField, beside_points, points_in
from loyalty.admin.forms import LinesField, TenantForm, spelled
from loyalty.admin.metric_form import KEY_HELP, KEY_TAKEN, Amount
from loyalty.admin.metrics import STATE
from loyalty.kernel.errors import DomainError
from loyalty.models import Milestone, MilestoneSet
from loyalty.services import benefits, ladder_rules, ladders, programme
from loyalty.services.kinds.sections.milestone_sets import MOST_PERKS
from loyalty.services.quest_rules import in_points


class Factor(forms.IntegerField):
    """The top or the bottom of a fraction: 1, where none is given."""

    widget = widgets.UnfoldAdminIntegerFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=1_000_000, initial=1, required=False, **kwargs)

    def clean(self, value: Any) -> int:
        return super().clean(value) or 1


class ArchivedForm(TenantForm):
    """What is archived takes no other row's place, and what is there keeps its key."""

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        return spelled(key) if self.instance._state.adding else key

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"archived_at"}


class MilestoneForm(ArchivedForm):
    threshold = Amount(help_text="How much it takes of what the ladder counts.")
    multiplier_top = Factor(label="Pays ×", help_text="Of rules that multiply by tier: 5 and 4 pay five quarters.")
    multiplier_bottom = Factor(label="÷")
    entry_points = Amount(required=False, label="Gives", help_text="Points, once, to whoever rises to it.")
    more = BenefitsField(rows=2, label="Gives besides, as JSON")
    perks = LinesField(required=False, help_text="What people read that it brings. One a line.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].disabled = not self.instance._state.adding  # other things name it by its key
        self.fields["perks"].widget.attrs["rows"] = 2
        self.initial["entry_points"] = points_in(self.instance.benefits)
        self.initial["more"] = beside_points(self.instance.benefits)

    def clean_perks(self) -> list[str]:
        perks: list[str] = self.cleaned_data["perks"]
        if len(perks) > MOST_PERKS:
            raise forms.ValidationError(f"A step has at most {MOST_PERKS} of them.")
        return perks

    def clean_more(self) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = self.cleaned_data["more"]
        if "more" not in self.changed_data:
            return said
        try:
            return benefits.checked(said, business=self.business, field="more")
        except DomainError as error:
            raise forms.ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        others = given.get("more", [])
        points = given.get("entry_points")
        self.instance.benefits = [*others, in_points(points)] if points else others
        if self.instance.benefits and given.get("threshold") == 0:
            self.add_error("entry_points" if points else "more", ladder_rules.NOBODY_RISES)
        return given


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
    fields = ("title", "key", "threshold", "entry_points", "more", "perks", "multiplier_top", "multiplier_bottom")
    ordering = ("threshold",)
    hide_title = True
    verbose_name = "step"
    verbose_name_plural = "Steps, from the lowest threshold to the highest"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).filter(archived_at=None)
        return rows


class LadderForm(ArchivedForm):
    period_months = forms.IntegerField(
        label="Months in a period",
        min_value=1,
        max_value=ladder_rules.LONGEST,
        required=False,
        widget=widgets.UnfoldAdminIntegerFieldWidget,
        help_text="12 is a year. Empty: the ladder has no periods.",
    )

    class Meta:
        error_messages = KEY_TAKEN
        labels = {"is_tier": "These are the programme's tiers", "basis": "Counts", "period_start": "Periods begin"}
        help_texts = {
            "key": KEY_HELP,
            "is_tier": "A programme has one set of tiers. Everyone starts on the step from 0.",
            "basis": "What takes people up. They rise at once.",
            "downgrade": "Without periods at once; with periods at the end of each.",
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        ladders = MilestoneSet.objects.for_business(self.business).filter(is_tier=True, archived_at=None)
        if given.get("is_tier") and ladders.exclude(pk=self.instance.pk).exists():
            self.add_error("is_tier", "Another set is the programme's tiers already. Untick it there first.")
        if not self.errors:
            asked = {name: given[name] for name in ("basis", "downgrade")}
            rules = ladder_rules.problems(**asked, months=given["period_months"], start=given["period_start"])
            for _, message in rules:
                self.add_error("period_months", message)
        return given


@admin.register(MilestoneSet)
class MilestoneSetAdmin(Archivable, TenantAdmin):
    form = LadderForm
    archived_text = "Nobody stands on its steps any more. You can fetch it back: everybody takes their place again."
    inlines = (Milestones,)
    list_display = (
        "title",
        "key",
        "metric",
        look.column("Steps", lambda row: row.step_count),
        look.column("Counts", lambda row: row.get_basis_display()),
        look.column("Kind", lambda row: look.state("Tiers", "primary") if row.is_tier else look.state("Milestones")),
        STATE,
    )
    list_select_related = ("metric",)
    ordering = ("key",)
    fieldsets = (
        (None, {"fields": ("title", "key", "is_tier")}),
        ("How people climb", {"fields": ("basis", "metric", "period_months", "period_start", "downgrade")}),
    )

    def put_away(self, row: MilestoneSet, *, archived: bool) -> None:
        ladders.set_archived(business=row.business, set_id=row.pk, archived=archived)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """What quests, rules or rewards name stays among the tiers."""
        business = seats.business_of(request)
        if request.method != "POST" or business is None:
            return super().changeform_view(request, *args, **kwargs)
        try:
            with transaction.atomic(), programme.kept_whole(business):
                return super().changeform_view(request, *args, **kwargs)
        except programme.StillNamed as error:
            list(messages.get_messages(request))  # read, and so dropped: they say that it was saved
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """With the steps in place, everyone takes theirs."""
        super().save_related(request, form, formsets, change)
        if {"period_months", "period_start"} & set(form.changed_data):
            ladders.begin_anew(form.instance)
        ladders.settle(business=form.instance.business)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(step_count=Count("milestones", filter=Q(milestones__archived_at=None)))
        return counted

    def get_readonly_fields(self, request: HttpRequest, obj: MilestoneSet | None = None) -> tuple[str, ...]:
        return ("key", "metric") if obj else ()
