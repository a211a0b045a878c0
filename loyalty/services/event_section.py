"""The events of a programme's document: which names it knows, who may send them, and what they carry."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from loyalty.kernel import clock
from loyalty.models import Business, EventType
from loyalty.services.programme import Document, Problem, Section
from loyalty.services.quest_rules import FieldName, Key, Part, Title
from loyalty.services.reports import BUILT_IN

Origin = Literal["client", "server"]
FieldType = Literal["number", "string", "boolean"]
MOST_FIELDS = 50


class EventItem(Part):
    """An event of the programme's own."""

    name: Key
    title: Title
    origin: Origin = "client"
    per_day: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    once_by_event_id: bool = False  # what an app tells counts once by its data.eventId
    fields: Annotated[dict[FieldName, FieldType], Meta(max_length=MOST_FIELDS)] = {}

    @property
    def key(self) -> str:
        return self.name


def export(business: Business) -> list[EventItem]:
    rows = EventType.objects.for_business(business).filter(archived_at=None).order_by("name")
    return [
        EventItem(
            name=row.name,
            title=row.title,
            origin=msgspec.convert(row.origin, Origin),
            per_day=row.per_day,
            once_by_event_id=row.once_by_event_id,
            fields=row.carries,
        )
        for row in rows
    ]


def apply(business: Business, items: list[EventItem]) -> None:
    rows = EventType.objects.for_business(business)
    for item in items:
        said = {name: getattr(item, name) for name in ("title", "origin", "per_day", "once_by_event_id")}
        defaults = {**said, "carries": item.fields, "archived_at": None}
        rows.update_or_create(business=business, name=item.name, defaults=defaults)
    gone = rows.filter(archived_at=None).exclude(name__in=[item.name for item in items])
    gone.update(archived_at=clock.now(business))


def check(items: Iterable[EventItem], document: Document) -> Iterator[Problem]:
    """Two with one name, or one that the house itself tells."""
    seen: set[str] = set()
    for number, item in enumerate(items):
        if item.name in BUILT_IN:
            yield Problem(path=f"events.{number}.name", message=f"{item.name} is told by Laurel itself.")
        if item.name in seen:
            yield Problem(path=f"events.{number}.name", message=f"Two events have the name {item.name!r}.")
        seen.add(item.name)


SECTION = Section(key="events", shape=list[EventItem], export=export, apply=apply, check=check)
