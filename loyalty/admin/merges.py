"""Merges to look at, and to undo."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from loyalty.admin import buttons, look, panels, people
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import When
from loyalty.admin.panels import Panel
from loyalty.models import Merge
from loyalty.selectors import merges as selectors
from loyalty.services import merges

SOURCE = look.column("Advocate", lambda row: look.person(row.source_person))
TARGET = look.column("Merged into", lambda row: look.person(row.target_person))
WHEN = look.moment_of("created_at", "When")
UNDONE = look.moment_of("undone_at", "Undone")
RETURNING = (
    look.column("Metric", lambda row: row.metric),
    look.column("Moved", lambda row: look.points(row.moved)),
    look.column("Would come back", lambda row: look.points(row.left)),
)


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    list_display = (WHEN, SOURCE, TARGET, look.column("State", lambda row: state(row)), UNDONE)
    list_filter = (("created_at", When),)
    ordering = ("-created_at",)
    sortable_by = ()
    when_empty = "Two advocates of one person are merged on the page of either of them."
    shown = ((None, (SOURCE, TARGET, WHEN, UNDONE)),)
    actions_detail = ("undo",)

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        found = people.of(request, {id for row in rows for id in (row.source_id, row.target_id)})
        for row in rows:
            row.source_person, row.target_person = found.get(row.source_id), found.get(row.target_id)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self.prepare([row], request)
        return row

    def panels(self, request: HttpRequest, row: Merge) -> Sequence[Panel]:
        returning = () if row.undone_at else selectors.returning(row)
        rows = [(name, f"{len(ids):,}", f"{len(ids):,}") for name, ids in row.moved.items()]
        return (
            panels.table("Points", RETURNING, returning, empty="No points are left to move back."),
            Panel("Rows", ("What", "Moved", "Would come back"), [] if row.undone_at else rows, empty="Nothing else."),
        )

    def offers(self, request: HttpRequest, button: str, row: Merge) -> bool:
        return row.undone_at is None

    @buttons.button("Undo", icon="undo", danger=True)
    def undo(self, request: HttpRequest, row: Merge) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            merges.undo(business=row.business, merge_id=row.pk)
            return "Undone: there are two advocates again."

        return buttons.ask(
            self,
            request,
            row,
            title="Undo this merge?",
            text=forecast(row),
            submit="Undo it",
            danger=True,
            act=act,
        )


def forecast(row: Merge) -> str:
    """What undoing will do, in sentences."""
    returning = selectors.returning(row)
    parts = [f"{look.points(each.left)} of {look.points(each.moved)} {each.metric.lower()}" for each in returning]
    rows = sum(len(ids) for ids in row.moved.values())
    sentences = (
        f"{', '.join(parts)} will go back, each lot with its own expiry." if parts else "",
        "What was spent since stays spent." if any(each.left < each.moved for each in returning) else "",
        f"Other rows that moved will go back, too: {rows:,}." if rows else "",
        "What happened since stays where it happened.",
    )
    return " ".join(filter(None, sentences))


def state(row: Merge) -> object:
    return look.state("Undone") if row.undone_at else look.state("In force", "info")
