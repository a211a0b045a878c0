"""What the programme counts."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from loyalty.admin import look
from loyalty.admin.archiving import Archivable
from loyalty.admin.base import TenantAdmin
from loyalty.admin.metric_form import EXPIRY, MetricForm
from loyalty.kernel import periods
from loyalty.models import Metric

STATE = look.column("State", lambda row: look.state("Archived" if row.archived_at else "In use"))


@admin.register(Metric)
class MetricAdmin(Archivable, TenantAdmin):
    form = MetricForm
    archived_text = "It counts no more. What people have of it stays: you can fetch it back."
    list_display = ("title", "key", "lowest", "highest", "lasting", STATE)
    ordering = ("key",)
    fieldsets = (
        (None, {"fields": ("title", "key", "media")}),
        ("Bounds", {"fields": ("default_value", "minimum", "maximum")}),
        ("Expiry", {"fields": EXPIRY}),
    )

    def offers(self, request: HttpRequest, button: str, row: Metric) -> bool:
        """A stamp card's own comes and goes with it."""
        return not row.is_stamps and super().offers(request, button, row)

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
