"""What the programme counts."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest
from unfold import widgets

from loyalty.admin import look
from loyalty.admin.base import TenantAdmin
from loyalty.admin.forms import TenantForm
from loyalty.kernel import points
from loyalty.models import Metric

KEY_TAKEN = {NON_FIELD_ERRORS: {"unique_together": "This key is taken. Choose another one."}}
STATE = look.column("State", lambda row: look.state("Archived" if row.archived_at else "In use"))
KEY_HELP = "Its name for the API: small letters, digits, hyphens. It stays as it is."


class Amount(forms.IntegerField):
    """A whole number that every balance can hold."""

    widget = widgets.UnfoldAdminIntegerFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=points.MAX_BALANCE, **kwargs)


class MetricForm(TenantForm):
    minimum = Amount(initial=0, help_text="Spending never takes a balance below it.")
    maximum = Amount(
        required=False, help_text="An award that would take a balance above it is refused. Empty: no bound."
    )

    class Meta:
        help_texts = {"key": KEY_HELP, "title": "As people read it: “Points”, “Stars”."}
        error_messages = KEY_TAKEN

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        highest = given.get("maximum")
        if highest is not None and highest <= (given.get("minimum") or 0):
            self.add_error("maximum", "It must be above the minimum.")
        return given


@admin.register(Metric)
class MetricAdmin(TenantAdmin):
    form = MetricForm
    list_display = ("title", "key", "lowest", "highest", STATE)
    ordering = ("key",)
    fields = ("title", "key", "minimum", "maximum")

    def get_readonly_fields(self, request: HttpRequest, obj: Metric | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()

    @admin.display(description="Minimum", ordering="minimum")
    def lowest(self, metric: Metric) -> str:
        return look.points(metric.minimum)

    @admin.display(description="Maximum", ordering="maximum")
    def highest(self, metric: Metric) -> str:
        return "No bound" if metric.maximum is None else look.points(metric.maximum)
