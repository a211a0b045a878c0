"""News: what happened, who is told, and how it is described to the outside.

An event is a row, written in the transaction that made it happen. Apps above `loyalty` hear of it through the
registries here, which they fill in `ready()`; nothing here imports them.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from msgspec import Struct

from loyalty.kernel import database, jobs
from loyalty.models import Business, Event

Facts = Mapping[str, Any]


class Happening(Struct, frozen=True):
    """One thing that happened. Facts are ids, codes and numbers only.

    `reply_to` is a URL, judged by `kernel.net`, of whoever asked for it: it is sent there too, subscribed or not. Only
    events of no account may have one.
    """

    business_id: UUID
    topic: str
    account_id: UUID | None = None
    facts: Facts = {}
    reply_to: str = ""

    def __post_init__(self) -> None:
        if self.reply_to and self.account_id is not None:
            raise ValueError("Only events of no account are replies.")


Receiver = Callable[[Sequence[Happening]], None]
Hears = Callable[[Business, str], bool]
Reply = Callable[[Business, Event], bytes]
Describer = Callable[[Business, Sequence[Event]], Mapping[UUID, Mapping[str, Any]]]

_receivers: dict[str, list[tuple[Receiver, Hears]]] = defaultdict(list)
_describers: dict[str, list[Describer]] = defaultdict(list)
_replies: dict[str, Reply] = {}
_wake_ups: list[str] = []


def _always(business: Business, topic: str) -> bool:
    return True


def register_receiver(receiver: Receiver, *topics: str, hears: Hears = _always) -> None:
    """Call `receiver` with what happened under `topics`, in the caller's transaction: its exception aborts it.

    :param hears: says without asking the database whether a topic of a business whose `engine_stamp` was read just
        now means anything to the receiver
    """
    for topic in topics:
        _receivers[topic].append((receiver, hears))


def register_describer(describer: Describer, *topics: str) -> None:
    """Let `describer` add to the published data of `topics`: `points/redeemed`, `points/*` or `*`.

    It is given a business and a page of its events, and answers data by event id. Later registrations win.
    """
    for topic in topics:
        _describers[topic].append(describer)


def register_reply(reply: Reply, *topics: str) -> None:
    """Let `reply` write what an event's `reply_to` is sent instead of the event."""
    _replies.update(dict.fromkeys(topics, reply))


def register_wake_up(task_name: str) -> None:
    """Nudge the task after every commit that recorded an event."""
    _wake_ups.append(task_name)


def has_receivers(topic: str) -> bool:
    return topic in _receivers


def is_heard(business: Business, *topics: str) -> bool:
    """Whether what happens under any of the topics means something to a receiver, at the business's `engine_stamp`."""
    return any(hears(business, topic) for topic in topics for _, hears in _receivers.get(topic, ()))


def describers_of(topic: str) -> list[Describer]:
    family = topic.partition("/")[0] + "/*"
    return [*_describers["*"], *_describers[family], *_describers[topic]]


def reply_about(business: Business, event: Event) -> bytes | None:
    """What an event's `reply_to` is sent; None if it is the event as it was published."""
    return _replies[event.topic](business, event) if event.topic in _replies else None


def announce(happened: Sequence[Happening], *, business: Business | None = None) -> None:
    """Tell the receivers, and after commit the relay, about rows that are written already.

    :param business: whose they all are, if its `engine_stamp` was read just now: spares receivers that do not listen
    """
    by_topic: dict[str, list[Happening]] = defaultdict(list)
    for happening in happened:
        by_topic[happening.topic].append(happening)
    for topic, happenings in by_topic.items():
        for receiver, hears in _receivers.get(topic, ()):
            if business is None or hears(business, topic):
                receiver(happenings)
    if by_topic:
        nudge()


def nudge() -> None:
    """Tell the relay, after commit, that there is something to publish."""
    for task_name in _wake_ups:
        jobs.wake(task_name)


@transaction.atomic(savepoint=False)
def record(happened: Sequence[Happening], *, now: datetime) -> None:
    """Write events and announce them. Whoever records for several accounts holds their locks already."""
    of_accounts = [happening for happening in happened if happening.account_id is not None]
    if of_accounts:
        database.prepared_cursor().execute("SELECT laurel_tell_all(%s, %s)", [items(of_accounts), now])
    Event.objects.bulk_create(
        Event(business_id=h.business_id, topic=h.topic, facts=dict(h.facts), reply_to=h.reply_to, created_at=now)
        for h in happened
        if h.account_id is None
    )
    announce(happened)


def items(happened: Sequence[Happening]) -> str:
    """Events of accounts, as `laurel_tell_all` takes them."""
    return json.dumps(
        [
            {"business": str(h.business_id), "account": str(h.account_id), "topic": h.topic, "facts": dict(h.facts)}
            for h in happened
        ]
    )
