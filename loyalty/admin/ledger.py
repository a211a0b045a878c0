"""The ledger to look at: every movement of points, and why."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from loyalty.admin import links, look, panels, people, scope
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import OfPerson, When
from loyalty.admin.panels import Panel
from loyalty.kernel import ids
from loyalty.kernel.errors import Code
from loyalty.models import Account, EarnRule, Quest, StampCard, WithheldBenefit
from loyalty.models.base import TenantModel
from loyalty.models.ledger import LedgerEntry, Lot, LotUse

Type = LedgerEntry.Type
COLOURS = {Type.EARN: "success", Type.SPEND: "info", Type.EXPIRE: "warning", Type.REVERSE: "warning"}
CAUSES = {
    "api": "API call",
    "operator": "By hand",
    "entry": "Reversal",
    "redemption": "Redemption",
    "task": "Task of a quest",
    "quest": "Quest",
    "milestone": "Step of a ladder",
    "membership": "Membership",
    "stamp_card": "Stamp card",
    "transfer": "Merge",
    "default": "Start of a newcomer",
    "expiry": "Expiry",
    "hold": "Hold to Earn",
    "tap": "Tap to Earn",
}
PAYING: tuple[type[TenantModel], ...] = (EarnRule, StampCard, Quest)
SHOWN = 5  # entries on a person's page
MOST_LOTS = 100  # on an entry's page


def kind(entry: LedgerEntry) -> object:
    return look.state(entry.get_type_display(), COLOURS.get(Type(entry.type), ""))


def purpose(entry: LedgerEntry) -> str:
    """What the caller wrote, else what caused it."""
    text = getattr(entry, "text", None)
    return text.description if text else CAUSES.get(entry.source_type, entry.source_type)


WHEN = look.moment_of("occurred_at", "When")
FACTS = (
    look.column("Type", kind),
    look.column("Amount", lambda entry: look.change(entry.amount)),
    look.column("Of", lambda entry: entry.metric.title),
    look.column("Balance after", lambda entry: look.points(entry.balance_after)),
    look.column("What for", purpose),
)
EARNED = look.column(
    "Earned", lambda use: look.link(look.moment(use.lot.entry.occurred_at), links.url_of(use.lot.entry))
)
GAVE = (
    look.column("Amount", lambda lot: look.points(lot.amount)),
    look.column("Still there", lambda lot: look.points(lot.remaining)),
    look.column("Ripens", lambda lot: look.moment(lot.ripens_at)),
    look.column("Expires", lambda lot: look.moment(lot.expires_at)),
)
TOOK = (
    EARNED,
    look.column("Amount", lambda use: look.points(use.amount)),
    look.column("Would expire", lambda use: look.moment(use.lot.expires_at)),
)
WHOSE = look.column("Advocate", lambda entry: look.person(entry.person))


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = (WHEN, WHOSE, *FACTS)
    list_select_related = ("metric", "text")
    list_filter = (OfPerson, "type", "metric", ("occurred_at", When))
    search_fields = ("id",)
    search_help_text = "The id of an entry or an advocate, or an advocate's external id"
    ordering = ("-occurred_at",)
    when_empty = "Every movement of points shows here, for ever."
    sortable_by = ()
    shown = (
        (None, (WHOSE, WHEN, *FACTS)),
        ("Why", ("caused_by", "rule", "reason_in_full", "undoes")),
        ("Record", ("entry_id", "number", "written", "fingerprint")),
    )

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """By whole ids, which indexes know."""
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = ids.parse_id(term)
        holders = scope.own(Account, request).filter(external_id=term).values_list("pk", flat=True)
        accounts = [*holders, *([wanted] if wanted else [])]
        return queryset.filter(Q(pk=wanted) | Q(account_id__in=accounts)), False

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        found = people.of(request, {entry.account_id for entry in rows})
        for entry in rows:
            entry.person = found.get(entry.account_id)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            self.prepare([entry], request)
        return entry

    def panels(self, request: HttpRequest, entry: LedgerEntry) -> Sequence[Panel]:
        made = scope.own(Lot, request).filter(entry=entry)
        took = (
            scope.own(LotUse, request).filter(entry=entry).select_related("lot__entry").order_by("lot_id")[:MOST_LOTS]
        )
        shown = (
            panels.table("What it gave", GAVE, made, empty=""),
            panels.table("Where it was taken from", TOOK, took, empty=""),
        )
        return [panel for panel in shown if panel.rows]

    @admin.display(description="Caused by")
    def caused_by(self, entry: LedgerEntry) -> object:
        return look.code(f"{entry.source_type} {entry.source_id}")

    @admin.display(description="Rule")
    def rule(self, entry: LedgerEntry) -> object:
        if entry.rule_id is None:
            return look.NOTHING
        named = {"business_id": entry.business_id, "pk": entry.rule_id}
        found = next((row for model in PAYING for row in model._default_manager.filter(**named)), None)
        shown = look.link(found, links.url_of(found)) if found else look.code(entry.rule_id)
        return format_html("{}, version {}", shown, entry.rule_version)

    @admin.display(description="Reason")
    def reason_in_full(self, entry: LedgerEntry) -> object:
        return look.pretty(entry.reason)

    @admin.display(description="Undoes")
    def undoes(self, entry: LedgerEntry) -> object:
        if entry.reverses_id is None:
            return look.NOTHING
        return look.link("the entry that it reverses", links.url_to(LedgerEntry, entry.reverses_id))

    @admin.display(description="Id")
    def entry_id(self, entry: LedgerEntry) -> object:
        return look.code(entry.pk)

    @admin.display(description="Event number of the advocate")
    def number(self, entry: LedgerEntry) -> int:
        return entry.sequence

    @admin.display(description="Written at")
    def written(self, entry: LedgerEntry) -> object:
        return look.moment(entry.recorded_at)

    @admin.display(description="Fingerprint")
    def fingerprint(self, entry: LedgerEntry) -> object:
        return look.code(bytes(entry.hash).hex())


def entries(request: HttpRequest, account_id: UUID) -> Panel:
    """The latest entries of an account, for its person's page."""
    rows = scope.own(LedgerEntry, request).filter(account_id=account_id).select_related("metric", "text")
    return panels.table(
        "Latest entries",
        (look.column("When", lambda entry: look.link(WHEN(entry), links.url_of(entry))), *FACTS),
        rows.order_by("-sequence")[:SHOWN],
        empty="No points have moved yet.",
        more_url=links.list_url(LedgerEntry, account=account_id),
    )


REASONS = {
    "at_maximum": "The balance was at its maximum",
    Code.OUT_OF_STOCK: "It was sold out",
    Code.NOT_FOUND: "The programme does not have it any more",
}
WITHHELD = (
    look.moment_of("created_at", "When"),
    look.column("Promised by", lambda row: CAUSES.get(row.source_type, row.source_type)),
    look.column("What", lambda row: look.code(row.benefit.get(row.benefit["kind"], row.benefit["kind"]))),
    look.column("How much", lambda row: look.points(row.benefit.get("quantity", 1))),
    look.column("Why not", lambda row: REASONS.get(row.reason, row.reason)),
)


def withheld(request: HttpRequest, account_id: UUID) -> Sequence[Panel]:
    """What an account was promised lately and not given, for its person's page."""
    rows = scope.own(WithheldBenefit, request).filter(account_id=account_id).order_by("-created_at")
    panel = panels.table("Promised, not given", WITHHELD, rows[:SHOWN], empty="")
    return [panel] if panel.rows else []
