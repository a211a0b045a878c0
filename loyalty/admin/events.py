"""What happened, to look at: the feed that webhooks send."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from loyalty.admin import buttons, look, people
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import OfPerson, When
from loyalty.models import Event
from loyalty.services import bodies, setbacks

WHEN = look.moment_of("created_at", "When")
TOPIC = look.column("Topic", lambda event: event.topic)
WHOSE = look.column("Advocate", lambda event: look.person(event.person))
STATE = look.column("State", lambda event: state(event))


class Standing(admin.SimpleListFilter):
    """How far events have come."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waiting"), ("set_aside", "Set aside"), ("published", "Published")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "waiting":
                return queryset.filter(setbacks.NOT_SET_ASIDE, position=None)
            case "set_aside":
                return queryset.filter(stuck__isnull=False, stuck__next_try_at=None)
            case "published":
                return queryset.filter(position__isnull=False)
        return queryset


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = (
        WHEN,
        TOPIC,
        WHOSE,
        look.column("Number of the advocate", lambda event: event.sequence or look.NOTHING),
        look.column("Place in the feed", lambda event: event.position or look.NOTHING),
        STATE,
    )
    list_select_related = ("stuck",)
    list_filter = (Standing, OfPerson, ("created_at", When))
    search_fields = ("id",)
    search_help_text = "The id of an event, or a topic, such as points/earned"
    ordering = ("-position",)
    sortable_by = ()
    shown = ((None, (*list_display, "event_id", "failure")), ("Content", ("facts_in_full", "published")))
    actions_detail = ("publish",)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = _id_in(term)
        return queryset.filter(pk=wanted) if wanted else queryset.filter(topic=term), False

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        found = people.of(request, {event.account_id for event in rows if event.account_id})
        for event in rows:
            event.person = found.get(event.account_id)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        event = super().get_object(request, object_id, from_field)
        if event is not None:
            self.prepare([event], request)
        return event

    def offers(self, request: HttpRequest, button: str, event: Event) -> bool:
        return _is_set_aside(event)

    @buttons.button("Publish again", icon="replay")
    def publish(self, request: HttpRequest, event: Event) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            setbacks.try_again(business=event.business, event_id=event.pk)
            return "It is tried again now."

        return buttons.ask(self, request, event, title="Publish this event again?", submit="Try again", act=act)

    @admin.display(description="Failure")
    def failure(self, event: Event) -> object:
        stuck = getattr(event, "stuck", None)
        return f"{stuck.error}, {stuck.tries} times since {stuck.since:%Y-%m-%d %H:%M} UTC" if stuck else look.NOTHING

    @admin.display(description="Id")
    def event_id(self, event: Event) -> object:
        return look.code(bodies.public_id(event.pk))

    @admin.display(description="Facts")
    def facts_in_full(self, event: Event) -> object:
        return look.pretty(event.facts)

    @admin.display(description="Published body")
    def published(self, event: Event) -> object:
        body = getattr(event, "body", None)
        return look.pretty(orjson.loads(bytes(body.body))) if body and body.body else look.NOTHING


def _id_in(term: str) -> UUID | None:
    """The id in `evt_…`, which webhooks carry, or a plain one."""
    try:
        return UUID(term.removeprefix("evt_"))
    except ValueError:
        return None


def state(event: Event) -> object:
    if _is_set_aside(event):
        return look.state("Set aside", "danger")
    return look.state("Waiting", "warning") if event.position is None else look.state("Published", "success")


def _is_set_aside(event: Event) -> bool:
    stuck = getattr(event, "stuck", None)
    return stuck is not None and stuck.next_try_at is None
