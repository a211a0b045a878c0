"""What an event looks like outside: made once, by asking whoever describes its topic.

One event that cannot be described spoils no other one's body: then each is tried by itself.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import orjson
import structlog
from django.db import InterfaceError, OperationalError, transaction

from loyalty import events
from loyalty.models import Business, Event

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Content(NamedTuple):
    """The finished body, and what `reply_to` is sent instead of it, if that is something else."""

    body: bytes
    reply: bytes | None


def public_id(event_id: UUID) -> str:
    """The id by which the outside knows an event."""
    return f"evt_{event_id.hex}"


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


def contents_of(business: Business, happened: Sequence[Event]) -> dict[UUID, Content | Exception]:
    """By event; an exception, which is logged, where nothing can be made of it."""
    made = made_of(business, happened)
    return {event.pk: _content(business, event, made[event.pk]) for event in happened}


def made_of(business: Business, happened: Sequence[Event]) -> dict[UUID, bytes | Exception]:
    """The finished bodies by event: of all at once, or one by one where that fails."""
    made = _try(lambda: _all(business, happened))
    if not isinstance(made, Exception):
        return dict(made)
    if len(happened) > 1:
        return {id: body for event in happened for id, body in made_of(business, [event]).items()}
    (event,) = happened
    log.error("event_not_described", id=str(event.pk), topic=event.topic, exc_info=made)
    return {event.pk: made}


def undescribed(event: Event) -> bytes:
    """A body that tells nothing but that the event was."""
    return _body(event, {})


def _content(business: Business, event: Event, body: bytes | Exception) -> Content | Exception:
    if isinstance(body, Exception):
        return body
    reply = _try(lambda: events.reply_about(business, event)) if event.reply_to else None
    if not isinstance(reply, Exception):
        return Content(body, reply)
    log.error("event_not_replied", id=str(event.pk), topic=event.topic, exc_info=reply)
    return reply


def _try(make: Callable[[], T]) -> T | Exception:
    """What is made, or why it cannot be; the transaction goes on."""
    try:
        with transaction.atomic():
            return make()
    except (OperationalError, InterfaceError):  # the database's failure, not a describer's
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this event's
        return error


def _all(business: Business, happened: Sequence[Event]) -> dict[UUID, bytes]:
    """Every describer is asked once, whatever the number of events."""
    data: dict[UUID, dict[str, Any]] = {event.pk: {} for event in happened}
    by_describer: dict[events.Describer, list[Event]] = defaultdict(list)
    for event in happened:
        for describer in events.describers_of(event.topic):
            by_describer[describer].append(event)
    for describer, theirs in by_describer.items():
        for event_id, fields in describer(business, theirs).items():
            data[event_id].update(fields)
    return {event.pk: _body(event, data[event.pk]) for event in happened}


def _body(event: Event, data: Mapping[str, Any]) -> bytes:
    return envelope(
        id=public_id(event.pk),
        topic=event.topic,
        created=event.created_at,
        business_id=event.business_id,
        sequence=event.sequence,
        data=data,
    )
