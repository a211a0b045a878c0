"""What the programme was, version by version: what each one changed, and a way back."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import Truncator

from loyalty.admin import buttons, links, look, panels, simulations
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.kernel.differences import Change, differences
from loyalty.kernel.errors import DomainError
from loyalty.models import ProgrammeVersion
from loyalty.services import programme

MOST_SHOWN = 200
MOST_NAMED = 10
ACTIONS = {"added": "success", "changed": "info", "removed": "danger"}
COLUMNS = (
    look.column("What", lambda change: look.code(change.path)),
    look.column("Change", lambda change: look.state(change.action, ACTIONS[change.action])),
    look.column("Before", lambda change: value(change.before)),
    look.column("After", lambda change: value(change.after)),
)


@admin.register(ProgrammeVersion)
class ProgrammeVersionAdmin(ReadOnlyAdmin):
    list_display = (
        look.column("Version", lambda row: row.number, order="number"),
        look.moment_of("created_at", "When"),
        look.column("Who", lambda row: row.author or look.NOTHING),
        look.column("How", lambda row: how(row)),
    )
    ordering = ("-number",)
    when_empty = "The first document that you apply with PUT /api/v1/programme starts the history."
    shown = ((None, list_display),)
    actions_detail = ("try_it", "restore")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        is_list = request.resolver_match and str(request.resolver_match.url_name).endswith("changelist")
        found: QuerySet[Any] = rows.defer("document") if is_list else rows
        return found

    def panels(self, request: HttpRequest, version: ProgrammeVersion) -> Sequence[panels.Panel]:
        changes = changes_of(version)
        title = "What it changed" if len(changes) <= MOST_SHOWN else f"The first {MOST_SHOWN} of its changes"
        return [panels.table(title, COLUMNS, changes[:MOST_SHOWN], empty="Nothing came before it.")]

    @buttons.button("Try on the last days", icon="science")
    def try_it(self, request: HttpRequest, version: ProgrammeVersion) -> HttpResponse:
        def act(asked: Mapping[str, Any]) -> HttpResponse:
            row = simulations.start(version.business, version.document, asked, request.user.get_username())
            return HttpResponseRedirect(links.url_of(row))

        return buttons.ask(
            self,
            request,
            version,
            title=f"Try version {version.number} on what people did?",
            text="It is judged what this version would have paid for it. Nothing is paid, told or changed.",
            submit="Try it",
            form=simulations.WindowForm,
            act=act,
        )

    @buttons.button("Restore", icon="settings_backup_restore")
    def restore(self, request: HttpRequest, version: ProgrammeVersion) -> HttpResponse:
        named: dict[str, Any] = {"business": version.business, "number": version.number}

        def act(_: Mapping[str, Any]) -> str:
            outcome = programme.restore(**named, author=request.user.get_username())
            return f"The programme is as it was in version {version.number}: this is version {outcome.now.version}."

        return buttons.ask(
            self,
            request,
            version,
            title=f"Restore version {version.number}?",
            text=preview(**named),
            submit="Restore it",
            act=act,
        )


def changes_of(version: ProgrammeVersion) -> list[Change]:
    """How a version differs from the one before it."""
    earlier = ProgrammeVersion.objects.for_business(version.business).filter(number__lt=version.number)
    last = earlier.order_by("number").last()
    return list(differences(last.document, version.document)) if last else []


def preview(**named: Any) -> str:
    """What a restore would do, in words."""
    try:
        changes = programme.restore(**named, dry_run=True).changes
    except DomainError as error:
        return error.message
    if not changes:
        return "The programme is like this already: nothing would change."
    paths = ", ".join(f"{change.path} ({change.action})" for change in changes[:MOST_NAMED])
    rest = f", and {len(changes) - MOST_NAMED} more" if len(changes) > MOST_NAMED else ""
    return f"This changes {paths}{rest}. What people have stays; the programme of today stays in this list."


def how(version: ProgrammeVersion) -> object:
    if version.origin == programme.Origin.DOCUMENT:
        return look.state("By a document", "primary")
    return look.state("As it was found")


def value(found: Any) -> object:
    if found is None:
        return look.NOTHING
    said = json.dumps(found, ensure_ascii=False) if isinstance(found, dict | list) else str(found)
    return look.code(Truncator(said).chars(300))
