"""Making events public: a place in the feed, and a body that is made once and sent as it is ever after.

Events are published after their commit, one publisher at a time, so that nothing that commits late is skipped.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from loyalty.kernel import clock
from loyalty.models import Business, Event, EventBody
from loyalty.services import bodies, setbacks
from loyalty.services.bodies import Content

PAGE = 500
LOCK = 7_021_501  # any number that no other advisory lock of ours has


@dataclass(frozen=True, slots=True)
class Published:
    """An event that has just got its position, and what it looks like."""

    event_id: UUID
    business_id: UUID
    topic: str
    position: int
    reply_to: str
    content: Content


@transaction.atomic(savepoint=False)
def publish(limit: int = PAGE) -> Sequence[Published] | None:
    """Publish the oldest waiting events. None: another publisher is at work.

    An event of which nothing can be made holds up no other: it is tried again later, and set aside in the end.
    """
    if not _is_ours():
        return None
    waiting = list(_waiting().select_related("stuck").order_by("created_at", "sequence")[:limit])
    businesses = Business.objects.in_bulk({event.business_id for event in waiting})
    latest = _latest_positions(businesses)
    published: list[Published] = []
    for business_id, happened in _by_business(waiting).items():
        made = bodies.contents_of(businesses[business_id], happened)
        published += _numbered(happened, made, after=latest[business_id])
    if published:
        _write(published)
    return published


def describe_anew(business: Business, happened: "QuerySet[Event]") -> None:
    """Make the bodies of published events again, out of what is known now. Whoever publishes just now goes first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    rows = list(happened.filter(position__isnull=False).order_by("position"))
    for page in (rows[start : start + PAGE] for start in range(0, len(rows), PAGE)):
        made = bodies.made_of(business, page)
        anew = [body if isinstance(body := made[event.pk], bytes) else bodies.undescribed(event) for event in page]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE loyalty_eventbody b SET body = n.body"
                " FROM unnest(%s::uuid[], %s::bytea[]) AS n (event_id, body) WHERE b.event_id = n.event_id",
                [[event.pk for event in page], anew],
            )


def is_waiting() -> bool:
    """Whether anything has yet to be published, and may be now."""
    return _waiting().exists()


def oldest_waiting() -> datetime | None:
    """Since when the event has waited that has yet to be published, whoever's it is; None if none has.

    What was set aside waits no more.
    """
    rows = Event.objects.filter(setbacks.NOT_SET_ASIDE, position=None)
    return rows.order_by("created_at").values_list("created_at", flat=True).first()


def _is_ours() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _waiting() -> "QuerySet[Event]":
    """Of every business: this is the platform's own work."""
    return Event.objects.filter(setbacks.is_due(clock.wall()), position=None)


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


def _numbered(happened: Sequence[Event], made: Mapping[UUID, Content | Exception], *, after: int) -> list[Published]:
    """What can be published of one business's events; of the others the failure is counted."""
    numbered: list[Published] = []
    for event in happened:
        content = made[event.pk]
        if isinstance(content, Exception):
            setbacks.count(event, content)
        else:
            position = after + len(numbered) + 1
            place = Published(event.pk, event.business_id, event.topic, position, event.reply_to, content)
            numbered.append(place)
    recovered = [event for event in happened if hasattr(event, "stuck") and isinstance(made[event.pk], Content)]
    if recovered:
        setbacks.forget(recovered)
    return numbered


def _write(published: Sequence[Published]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_event e SET position = p.position"
            " FROM unnest(%s::uuid[], %s::bigint[]) AS p (id, position) WHERE e.id = p.id",
            [[p.event_id for p in published], [p.position for p in published]],
        )
    EventBody.objects.bulk_create(
        EventBody(business_id=p.business_id, event_id=p.event_id, body=p.content.body) for p in published
    )
