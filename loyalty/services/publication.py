"""Making events public: a place in the feed, and a body that is made once and sent as it is ever after.

Events are published after their commit, one publisher at a time, so that nothing that commits late is skipped.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from loyalty import events
from loyalty.models import Business, Event, EventBody

log = structlog.get_logger(__name__)

PAGE = 500
LOCK = 7_021_501  # any number that no other advisory lock of ours has

Data = dict[UUID, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Published:
    """An event that has just got its position."""

    event_id: UUID
    business_id: UUID
    topic: str
    position: int
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What one call published, and the ids of events that could not be described and still wait."""

    published: Sequence[Published]
    stuck: Collection[UUID]


def public_id(event_id: UUID) -> str:
    """The id by which the outside knows an event."""
    return f"evt_{event_id.hex}"


@transaction.atomic(savepoint=False)
def publish(limit: int = PAGE, *, without: Collection[UUID] = ()) -> Page | None:
    """Publish the oldest waiting events, but those in `without`. None: another publisher is at work.

    An event whose description fails is left behind and logged; it holds up no other.
    """
    if not _is_ours():
        return None
    waiting = list(_waiting(without).order_by("created_at", "sequence")[:limit])
    if not waiting:
        return Page((), ())
    businesses = Business.objects.in_bulk({event.business_id for event in waiting})
    latest = _latest_positions(businesses)
    published: list[Published] = []
    bodies: list[EventBody] = []
    stuck: set[UUID] = set()
    for business_id, happened in _by_business(waiting).items():
        finished = _finish(businesses[business_id], happened)
        stuck.update(event.pk for event in happened if event.pk not in finished)
        ready = (event for event in happened if event.pk in finished)
        for event, position in zip(ready, count(latest[business_id] + 1), strict=False):
            published.append(Published(event.pk, business_id, event.topic, position, event.reply_to))
            bodies.append(EventBody(business_id=business_id, event_id=event.pk, body=finished[event.pk]))
    _write(published, bodies)
    return Page(published, stuck)


def describe_anew(business: Business, happened: "QuerySet[Event]") -> None:
    """Make the bodies of published events again, out of what is known now. Whoever publishes just now goes first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    rows = list(happened.filter(position__isnull=False).order_by("position"))
    for page in (rows[start : start + PAGE] for start in range(0, len(rows), PAGE)):
        finished = _finish(business, page)
        bodies = [finished.get(event.pk) or _body(event, {}) for event in page]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE loyalty_eventbody b SET body = n.body"
                " FROM unnest(%s::uuid[], %s::bytea[]) AS n (event_id, body) WHERE b.event_id = n.event_id",
                [[event.pk for event in page], bodies],
            )


def is_waiting(*, without: Collection[UUID] = ()) -> bool:
    """Whether anything but `without` has yet to be published."""
    return _waiting(without).exists()


def envelope(
    *, id: str, topic: str, created: object, business_id: UUID, sequence: int | None, data: Mapping[str, Any]
) -> bytes:
    """The finished body, as every consumer gets it."""
    fields = {
        "id": id,
        "type": topic,
        "created": created,
        "businessId": business_id,
        "sequence": sequence,
        "data": data,
    }
    return orjson.dumps(fields, option=orjson.OPT_UTC_Z)


def _is_ours() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _waiting(without: Collection[UUID]) -> "QuerySet[Event]":
    rows = Event.objects.filter(position=None)  # of every business: this is the platform's own work
    return rows.exclude(pk__in=without) if without else rows


def _latest_positions(business_ids: Collection[UUID]) -> dict[UUID, int]:
    numbered = Event.objects.filter(business_id=OuterRef("pk"), position__isnull=False)
    latest = Subquery(numbered.order_by("-position").values("position")[:1])  # the end of an index
    rows = Business.objects.filter(pk__in=business_ids).values_list("pk", latest)
    return {business_id: position or 0 for business_id, position in rows}


def _by_business(waiting: Sequence[Event]) -> Mapping[UUID, Sequence[Event]]:
    grouped: dict[UUID, list[Event]] = defaultdict(list)
    for event in waiting:
        grouped[event.business_id].append(event)
    return grouped


def _finish(business: Business, happened: Sequence[Event]) -> dict[UUID, bytes]:
    """The finished bodies by event: of all at once, or one by one where that fails."""
    try:
        with transaction.atomic():
            data = _describe(business, happened)
        return {event.pk: _body(event, data[event.pk]) for event in happened}
    except (OperationalError, InterfaceError):  # the database's failure, not a describer's
        raise
    except Exception:
        if len(happened) == 1:
            log.exception("event_not_described", id=str(happened[0].pk), topic=happened[0].topic)
            return {}
        return {id: body for event in happened for id, body in _finish(business, [event]).items()}


def _describe(business: Business, happened: Sequence[Event]) -> Data:
    """Every describer is asked once, whatever the number of events."""
    data: Data = {event.pk: {} for event in happened}
    by_describer: dict[events.Describer, list[Event]] = defaultdict(list)
    for event in happened:
        for describer in events.describers_of(event.topic):
            by_describer[describer].append(event)
    for describer, theirs in by_describer.items():
        for event_id, fields in describer(business, theirs).items():
            data[event_id].update(fields)
    return data


def _body(event: Event, data: Mapping[str, Any]) -> bytes:
    return envelope(
        id=public_id(event.pk),
        topic=event.topic,
        created=event.created_at,
        business_id=event.business_id,
        sequence=event.sequence,
        data=data,
    )


def _write(published: Sequence[Published], bodies: Sequence[EventBody]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_event e SET position = p.position"
            " FROM unnest(%s::uuid[], %s::bigint[]) AS p (id, position) WHERE e.id = p.id",
            [[p.event_id for p in published], [p.position for p in published]],
        )
    EventBody.objects.bulk_create(bodies)
