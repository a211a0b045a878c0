"""Files that were brought: uploaded, checked, imported by a button, undone by another."""

import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from unfold import widgets

from advocates.models import Import
from advocates.models.imports import money, problems, totals
from advocates.services import csv_files, imports
from advocates.services.kinds.imports import KINDS
from advocates.services.kinds.imports.base import OURS
from loyalty.admin import buttons, look, panels
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ServiceForm
from loyalty.admin.panels import Figure
from loyalty.kernel.money import money_text

State = Import.State
MOST_BYTES = 100_000_000
MOST_SHOWN = 200  # problems; the report has all of them
RELOAD_SECONDS = 3
COLOURS = {State.DONE: "success", State.UNDONE: "warning", State.CHECKED: "primary"}
VENDORS = {
    OURS: "The names of our own columns",
    "smile": "Smile",
    "loyaltylion": "LoyaltyLion",
    "yotpo": "Yotpo",
    "woocommerce": "WooCommerce",
    "shopify": "Shopify",
}


class ImportForm(ServiceForm):
    kind = forms.ChoiceField(
        choices=[(key, kind.title) for key, kind in KINDS.items()], widget=widgets.UnfoldAdminSelectWidget
    )
    file = forms.FileField(
        label="CSV file",
        widget=widgets.UnfoldAdminFileFieldWidget,
        help_text="In UTF-8, with a first line that names the columns. It is checked before anything is imported.",
    )
    layout = forms.ChoiceField(
        label="Columns",
        choices=[(key, VENDORS[key]) for key in dict.fromkeys(key for kind in KINDS.values() for key in kind.layouts)],
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="Whose export it is. Columns of theirs that nobody here needs are left out.",
    )

    class Meta:
        model = Import
        fields = ("pays",)
        labels = {"pays": "Let rules pay"}
        help_texts = {
            "pays": "For joining, as if everybody new had just signed up; or for orders, as on the day of each. "
            "Usually not: people bring what they have."
        }

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError("The file is larger than 100 MB. Split it, or import it from a shell.")
        return file

    def write(self) -> Import:
        file = self.cleaned_data["file"]
        return imports.receive(
            business=self.business,
            kind=self.cleaned_data["kind"],
            lines=io.TextIOWrapper(file, encoding="utf-8", newline=""),
            title=file.name,
            layout=self.cleaned_data["layout"],
            pays=self.cleaned_data["pays"],
            author="Dashboard",
        )


def state(found: Import) -> object:
    return look.state(found.get_state_display(), COLOURS.get(State(found.state), "info"))


def progress(sums: Mapping[str, int]) -> str:
    bar = '<progress class="lr-progress" max="{}" value="{}" aria-label="Rows"></progress>'
    return format_html(bar, sums["size"], sums["settled"])


COLUMNS = (
    look.column("File", lambda found: found.title),
    look.column("Of", lambda found: KINDS[found.kind].title),
    look.column("State", state, order="state"),
    look.moment_of("created_at", "Uploaded"),
    look.moment_of("finished_at", "Finished"),
)
PROBLEM = ("Line", "Column", "What is wrong")
REPORT_PAGE = "advocates_import_report"
REPORT = ("line", "outcome", "column", "reason")


def report(found: Import) -> Iterator[Sequence[object]]:
    yield REPORT
    for each in problems(found):
        yield each["line"], "refused", each["column"] or "", each["message"]


@admin.register(Import)
class ImportAdmin(ServiceAdmin):
    form = ImportForm
    may_change = False
    list_display = COLUMNS
    ordering = ("-created_at", "-id")
    when_empty = "People and their points, orders and products come in by CSV files. Each can be undone."
    actions_detail = ("start", "undo")

    def get_fieldsets(self, request: HttpRequest, obj: Import | None = None) -> Any:
        shown = (*COLUMNS, look.column("Id", lambda found: look.code(found.pk)))
        return [(None, {"fields": shown if obj else ("kind", "file", "layout", "pays")})]

    def get_readonly_fields(self, request: HttpRequest, obj: Import | None = None) -> Any:
        return self.get_fieldsets(request, obj)[0][1]["fields"] if obj else ()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """A page of something that goes on loads itself again."""
        answer: Any = super().render_change_form(request, context, *args, **kwargs)
        if (found := kwargs.get("obj")) and found.is_busy:
            answer["Refresh"] = str(RELOAD_SECONDS)
        return answer

    def summary(self, request: HttpRequest, found: Import) -> Sequence[Figure]:
        sums = totals(found)
        will = "would " if found.state in (State.CHECKING, State.CHECKED) else ""
        figures = [
            Figure("Rows", look.points(sums["size"]), progress(sums) if found.is_busy else ""),
            Figure("New", look.points(sums["new"]), f"{will}come in"),
            Figure("Known already", look.points(sums["known"]), KINDS[found.kind].known),
            *(Figure(code, money_text(minor, code), "of new orders") for code, minor in sorted(money(found).items())),
            *([Figure("Points", look.points(sums["points"]))] if KINDS[found.kind].pays else []),
            Figure("Refused", look.points(sums["refused"]), "see below"),
        ]
        if sums["stayed"]:
            figures.append(Figure("Not undone", look.points(sums["stayed"]), "used or told of since"))
        return figures

    def panels(self, request: HttpRequest, found: Import) -> Sequence[panels.Panel]:
        told = list(islice(problems(found), MOST_SHOWN + 1))
        rows = [[each["line"], each["column"] or look.NOTHING, each["message"]] for each in told[:MOST_SHOWN]]
        title = f"Refused lines (the first {MOST_SHOWN})" if len(told) > MOST_SHOWN else "Refused lines"
        link = {"more_url": reverse(f"admin:{REPORT_PAGE}", args=[found.pk]), "more": "Download the report (CSV)"}
        return [panels.Panel(title, PROBLEM, rows, empty="No line is refused.", **link)]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.report_view)
        return [path("<uuid:pk>/report/", view, name=REPORT_PAGE), *super().get_urls()]

    def report_view(self, request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
        """Every refused line, for whoever may see the page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_object(request, str(pk))
        if found is None:
            raise Http404
        name = f'attachment; filename="import-{found.pk}.csv"'
        lines = csv_files.written(report(found))
        return StreamingHttpResponse(
            lines, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
        )

    def offers(self, request: HttpRequest, button: str, found: Import) -> bool:
        return found.state in ((State.CHECKED,) if button == "start" else (State.RUNNING, State.DONE))

    @buttons.button("Import", icon="upload_file")
    def start(self, request: HttpRequest, found: Import) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            imports.start(business=found.business, import_id=found.pk)
            return "It is being imported."

        sums = totals(found)
        text = f"{sums['new']:,} come in, {sums['known']:,} are known, and {sums['points']:,} points are paid."
        rest = f" {sums['refused']:,} lines are left out." if sums["refused"] else ""
        title = f"Import {found.title}?"
        return buttons.ask(self, request, found, title=title, text=text + rest, submit="Import it", act=act)

    @buttons.button("Undo", icon="undo", danger=True)
    def undo(self, request: HttpRequest, found: Import) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            imports.undo(business=found.business, import_id=found.pk)
            return "It is being undone."

        return buttons.ask(
            self,
            request,
            found,
            title=f"Undo {found.title}?",
            text=KINDS[found.kind].undoing,
            submit="Undo it",
            danger=True,
            act=act,
        )
