"""Batches: what came in one call, and a button that takes it back."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from loyalty.admin import buttons, links, look, panels
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.kernel.errors import DomainError
from loyalty.models import Batch, ledger
from loyalty.services import batches

MOST_SHOWN = 50
TAKE_BACK = "Each of them gets an entry that undoes it. Points that somebody has spent already stay spent."
SEND_AWAY = "Everybody who joined by it is erased for good, but those who have done something since."
PUT_BACK = "Each of them is again what it was, or gone if it was new, but those that have changed since."
Kind = batches.Kind
# What an undo is about, what it does, and why some of it cannot be done.
ASKED: dict[str, tuple[str, str, str]] = {
    Kind.ADVOCATES: ("people", SEND_AWAY, "they have done something since"),
    Kind.PRODUCTS: ("products", PUT_BACK, "they have changed since"),
}
OF_POINTS = ("postings", TAKE_BACK, "their points are spent")
ENTRY_COLUMNS = (
    look.column("Entry", lambda entry: look.link(entry.type, links.url_of(entry))),
    look.column("Change", lambda entry: look.change(entry.amount)),
    look.column("Of", lambda entry: entry.metric.title),
    look.moment_of("occurred_at", "When"),
)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = (
        look.moment_of("created_at", "When"),
        look.column("Of", lambda batch: batch.get_kind_display(), order="kind"),
        look.column("Items", lambda batch: look.points(len(batch.made))),
        look.column("Done", lambda batch: look.points(done(batch))),
        look.column("Key", lambda batch: batch.author or look.NOTHING),
        look.column("State", lambda batch: state(batch)),
    )
    list_filter = ("kind",)
    ordering = ("-created_at", "-id")
    when_empty = "A batch call does up to a thousand things at once; what it did is listed here."
    shown = ((None, (*list_display, look.column("Id", lambda batch: look.code(batch.pk)))),)
    actions_detail = ("undo",)

    def panels(self, request: HttpRequest, batch: Batch) -> Sequence[panels.Panel]:
        if batch.kind in ASKED:
            return ()
        entries = ledger.LedgerEntry.objects.for_business(batch.business).filter(pk__in=list(filter(None, batch.made)))
        rows = entries.select_related("metric").order_by("occurred_at", "pk")[:MOST_SHOWN]
        return [panels.table("Entries", ENTRY_COLUMNS, rows, empty="It posted nothing.")]

    def offers(self, request: HttpRequest, button: str, batch: Batch) -> bool:
        return batch.undone_at is None

    @buttons.button("Undo", icon="undo", danger=True)
    def undo(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            results = batches.undo(business=batch.business, batch_id=batch.pk).results
            refused = sum(isinstance(result, DomainError) for result in results)
            rest = f" {refused:,} could not: {why}." if refused else ""
            return f"{done(batch) - refused:,} of {done(batch):,} were taken back.{rest}"

        noun, what, why = ASKED.get(batch.kind, OF_POINTS)
        return buttons.ask(
            self,
            request,
            batch,
            title=f"Take back {done(batch):,} {noun}?",
            text=what,
            submit="Take them back",
            danger=True,
            act=act,
        )


def done(batch: Batch) -> int:
    return sum(made is not None for made in batch.made)


def state(batch: Batch) -> object:
    return look.state("Undone", "warning") if batch.undone_at else look.state("In force", "success")
