"""Who moved on a ladder, or a stamp card, and what follows from it: one move after the other, in the transaction of
what caused them.

What follows may move people again. That waits its turn instead of happening inside, so a long ladder is climbed in a
loop; and because everybody only rises by what they are given, and each step gives once, it ends.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

import orjson
import structlog
from django.db import transaction

from loyalty.events import Happening, Receiver
from loyalty.kernel.errors import DomainError
from loyalty.selectors import ladders

log = structlog.get_logger(__name__)

TOPICS = (TIER_CHANGED, _) = ladders.MOVES

_followers: dict[str, list[Receiver]] = defaultdict(list)
_waiting: ContextVar[deque[Happening] | None] = ContextVar("waiting", default=None)
_given: ContextVar[Counter[UUID] | None] = ContextVar("given", default=None)


def register_follower(follower: Receiver, *topics: str) -> None:
    """Call `follower` with each move. What it refuses is taken back, and spoils neither the move nor its cause."""
    for topic in topics:
        _followers[topic].append(follower)


def moves(business_id: UUID, told: str | None) -> list[Happening]:
    """The news that `laurel_moves` tells."""
    return [
        Happening(business_id, move["topic"], UUID(move["account"]), move["facts"])
        for move in orjson.loads(told or "[]")
    ]


def hear(happened: Sequence[Happening]) -> None:
    """The receiver of moves: follow them up now, or after what is being followed up."""
    with together() as waiting:
        waiting.extend(happened)


@contextmanager
def together() -> Iterator[deque[Happening]]:
    """Let everything inside happen before what follows from its moves."""
    waiting = _waiting.get()
    if waiting is not None:
        yield waiting
        return
    waiting = deque()
    token = _waiting.set(waiting)
    try:
        yield waiting
        while waiting:
            _follow_up(waiting.popleft())
    finally:
        _waiting.reset(token)


@contextmanager
def counting() -> Iterator[Counter[UUID]]:
    """Count the points that people are given by what follows from what happens inside."""
    outer, given = _given.get(), Counter[UUID]()
    token = _given.set(given)
    try:
        yield given
    finally:
        _given.reset(token)
    if outer is not None:
        outer.update(given)


def count(account_id: UUID, points: int) -> None:
    """Somebody is given points by what follows from something else."""
    given = _given.get()
    if given is not None:
        given[account_id] += points


@contextmanager
def attempt() -> Iterator[None]:
    """Take everything inside back if it is refused, and forget who moved and was given by it. Only for followers."""
    waiting = _waiting.get()
    assert waiting is not None  # somebody is being followed up
    before = len(waiting)
    try:
        with transaction.atomic(), counting():
            yield
    except DomainError:
        while len(waiting) > before:
            waiting.pop()
        raise


def _follow_up(move: Happening) -> None:
    for follower in _followers.get(move.topic, ()):
        try:
            with attempt():
                follower([move])
        except DomainError as error:
            log.warning("move_refused", code=error.code, topic=move.topic, account=str(move.account_id))
