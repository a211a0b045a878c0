"""What people's apps and the merchant's backend may report: which events the programme knows, and what came in."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest

from loyalty.admin import look, people
from loyalty.admin.archiving import Archivable
from loyalty.admin.base import ReadOnlyAdmin, TenantAdmin
from loyalty.admin.filters import OfPerson, When
from loyalty.admin.forms import LinesField, TenantForm, spelled
from loyalty.models import Action, EventType
from loyalty.services.event_section import MOST_FIELDS
from loyalty.services.reports import BUILT_IN, IS_TYPE

Outcome = Action.Outcome
COLOURS = {Outcome.MATCHED: "success", Outcome.CAPPED: "warning"}


class FieldsField(LinesField):
    """Names with their types, one a line: `km: number`."""

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) else "\n".join(f"{n}: {t}" for n, t in (value or {}).items())

    def clean(self, value: Any) -> Any:
        lines = super().clean(value)
        if len(lines) > MOST_FIELDS:
            raise forms.ValidationError(f"An event declares at most {MOST_FIELDS} fields.")
        found = {name.strip(): type.strip() for name, _, type in (line.partition(":") for line in lines)}
        for name, type in found.items():
            if not name or len(name) > 64 or type not in IS_TYPE:
                raise forms.ValidationError("Write one field a line, as in km: number, city: string, night: boolean.")
        return found


class EventTypeForm(TenantForm):
    carries = FieldsField(required=False, help_text="A name and number, string or boolean a line.")

    class Meta:
        help_texts = {
            "name": "As apps send it: small letters, digits, - and _. It stays as it is.",
            "origin": "What a client says of itself cannot be proven: keep what is worth much to your backend.",
            "per_day": "Of one person; what comes beyond is kept and does not count. Empty: all of them count.",
            "once_by_event_id": "Apps name each event in data.eventId, and may send it again: it counts once.",
        }
        error_messages = {NON_FIELD_ERRORS: {"unique_together": "There is an event of this name."}}

    def clean_name(self) -> str:
        name = spelled(self.cleaned_data["name"])
        if name in BUILT_IN:
            raise forms.ValidationError("Laurel tells this event itself. Choose another name.")
        return name


@admin.register(EventType)
class EventTypeAdmin(Archivable, TenantAdmin):
    form = EventTypeForm
    archived_text = "Apps may go on sending it: it counts as one that nobody declared. You can fetch it back."
    list_display = (
        "title",
        look.column("Name", lambda row: look.code(row.name), order="name"),
        look.column("Who may send it", lambda row: row.get_origin_display()),
        look.column("A day", lambda row: row.per_day or look.NOTHING),
        look.column("State", lambda row: look.state("Archived" if row.archived_at else "In use")),
    )
    list_filter = ("origin",)
    search_fields = ("title", "name")
    ordering = ("name",)
    fields = ("title", "name", "origin", "per_day", "once_by_event_id", "carries")
    when_empty = "Name the events that your apps report, and quests can count them."

    def get_readonly_fields(self, request: HttpRequest, obj: EventType | None = None) -> tuple[str, ...]:
        return ("name",) if obj else ()


WHEN = look.moment_of("occurred_at", "When")
WHAT = look.column("Event", lambda action: look.code(action.name) if action.name else look.NOTHING)
WHOSE = look.column("Advocate", lambda action: look.person(action.person))
CAME_OF_IT = look.column(
    "What came of it", lambda action: look.state(action.get_outcome_display(), COLOURS.get(action.outcome, ""))
)
FROM = look.column("Sent by", lambda action: action.get_origin_display())
ITS_ID = look.column("Its id", lambda action: look.code(action.event_id) if action.event_id else look.NOTHING)
SAID = look.column("What was said", lambda action: look.pretty(action.data))
UNPAID = look.column("Rules that did not pay, and why", lambda action: look.pretty(action.unpaid))


@admin.register(Action)
class ActionAdmin(ReadOnlyAdmin):
    list_display = (WHEN, WHAT, WHOSE, CAME_OF_IT, FROM)
    list_filter = (OfPerson, "outcome", ("occurred_at", When))
    search_fields = ("name",)
    search_help_text = "The name of an event: what nothing listens to is Unmatched"
    ordering = ("-occurred_at",)
    sortable_by = ()
    shown = ((None, (*list_display, ITS_ID)), ("Content", (SAID, UNPAID)))
    when_empty = "What apps report shows here, with what came of it."

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        found = people.of(request, {action.account_id for action in rows})
        for action in rows:
            action.person = found.get(action.account_id)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        action = super().get_object(request, object_id, from_field)
        if action is not None:
            self.prepare([action], request)
        return action
