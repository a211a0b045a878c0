"""Points move here and nowhere else: award, spend, reverse, settle.

Each is one database statement (`migrations/sql/ledger.sql`), which locks the account first and writes balance,
lots, entry and event together. Amounts are whole units of a metric; times are aware datetimes.

Where a movement takes somebody to another step of a ladder, what follows from that shares its transaction: a statement
that stood alone is taken back then, and made again in one.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import DatabaseError, connection, transaction

from loyalty import events
from loyalty.kernel import clock, database, points
from loyalty.kernel.errors import Code, Conflict, DomainError, NotFound
from loyalty.models import Business
from loyalty.models.ledger import LedgerEntry
from loyalty.services import climbing, idempotency

Type = LedgerEntry.Type
POINTS = "points"


class InsufficientPoints(DomainError):
    code = Code.INSUFFICIENT_POINTS

    def __init__(self, *, balance: int, needed: int) -> None:
        super().__init__(f"This needs {needed} points; the balance is {balance}.")
        self.balance = balance
        self.needed = needed


class BalanceLimitReached(DomainError):
    code = Code.LIMIT_REACHED

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"The balance would exceed its limit of {limit}. Award less.", field="amount")


class NoRoom(BalanceLimitReached):
    """Nothing was given: the balance is at its maximum."""


class NoMetric(NotFound):
    """The programme never counted this, or does not any more."""

    def __init__(self) -> None:
        super().__init__("metric", field="metric")


class AccountNotActive(Conflict):
    def __init__(self) -> None:
        super().__init__("This account is blocked, merged or erased: its points do not move.")


class AlreadyPosted(Conflict):
    """What caused this posting has been posted before."""

    def __init__(self) -> None:
        super().__init__("This was posted before, and is never posted twice.")


class TransferStays(Conflict):
    def __init__(self) -> None:
        super().__init__("A transfer between two accounts is undone with the merge that made it.")


class AlreadyReversed(Conflict):
    def __init__(self) -> None:
        super().__init__("This entry was reversed before, or is a reversal itself.")


@dataclass(frozen=True, slots=True)
class Source:
    """What a posting stands for, unique per entry type: an order, a redemption. No id: the posting itself."""

    type: str
    id: str | None = None


API = Source("api")
OPERATOR = Source("operator")


@dataclass(frozen=True, slots=True)
class Within:
    """A database function of another app that calls `laurel_spend` with its arguments, and does more in the same
    statement: with these further ones. It answers the posting."""

    function: str
    arguments: Sequence[Any] = ()


SPEND = Within("laurel_spend")


class Posting(NamedTuple):
    """One entry of the ledger, as it was written. `outcome` is `done`, or `replay` for a repeated key."""

    outcome: str
    details: str | None
    id: UUID
    account_id: UUID
    sequence: int
    metric: str
    type: str
    amount: int
    balance_after: int
    source_type: str
    source_id: str
    rule_id: UUID | None
    rule_version: int | None
    description: str
    occurred_at: datetime
    moves: str | None = None  # who moved on a ladder by it

    @property
    def is_replay(self) -> bool:
        return self.outcome == "replay"


def award(
    *,
    business: Business,
    account_id: UUID,
    amount: int,
    metric: str = POINTS,
    type: Type = Type.EARN,
    source: Source = API,
    topic: str = "points/earned",
    facts: Mapping[str, Any] | None = None,
    rule: tuple[UUID, int] | None = None,
    reason: Mapping[str, Any] | None = None,
    description: str = "",
    expires_at: datetime | None = None,
    pending_until: datetime | None = None,
    key: idempotency.Key | None = None,
    clamp: bool = False,
) -> Posting:
    """Give `amount` > 0 of a metric, as a lot that may ripen later and expire.

    :param expires_at: when, if not as the metric says
    :param clamp: give what the maximum lets the person have, and say so in the reason
    :raises NotFound: if the business has no such account or metric
    :raises AccountNotActive: if the account is blocked, merged or erased
    :raises BalanceLimitReached: beyond the metric's maximum, or 2^53 - 1
    :raises NoRoom: where all of it is beyond, and `clamp` is asked for
    :raises AlreadyPosted: if `source` was posted before with this type
    :raises idempotency.KeyInUse, idempotency.KeyMismatch: see there
    """
    rule_id, rule_version = rule or (None, None)
    arguments = [
        *(business.pk, account_id, metric, type, amount, source.type, source.id, rule_id, rule_version),
        *(_json(reason or {}), description, topic, _json(_facts(source, facts)), clock.wall()),
        *(expires_at, pending_until, points.MAX_BALANCE, *_columns(key), clamp),
    ]
    return _post("laurel_award", arguments, business=business, topic=topic)


def spend(
    *,
    business: Business,
    account_id: UUID,
    amount: int,
    metric: str = POINTS,
    type: Type = Type.SPEND,
    source: Source = API,
    topic: str = "points/redeemed",
    facts: Mapping[str, Any] | None = None,
    reason: Mapping[str, Any] | None = None,
    description: str = "",
    key: idempotency.Key | None = None,
    within: Within = SPEND,
) -> Posting:
    """Take `amount` > 0 of a metric out of the lots that expire soonest; due lots ripen and expire first.

    :raises InsufficientPoints: if the balance does not cover it
    :raises NotFound, AccountNotActive, AlreadyPosted, idempotency.KeyInUse, idempotency.KeyMismatch: as `award`
    """
    arguments = [
        *(business.pk, account_id, metric, type, amount, source.type, source.id),
        *(_json(reason or {}), description, topic, _json(_facts(source, facts)), clock.wall()),
        *(*_columns(key), *within.arguments),
    ]
    return _post(within.function, arguments, business=business, topic=topic)


def reverse(
    *,
    business: Business,
    entry_id: UUID,
    facts: Mapping[str, Any] | None = None,
    reason: Mapping[str, Any] | None = None,
    description: str = "",
) -> Posting:
    """Undo an entry once: a spend gives back to the same lots, with their own expiry; an earning is taken again.

    If the account was merged since, the points go on to the account that took over, or are taken there.

    :raises NotFound: if the business has no such entry
    :raises AlreadyReversed: the second time, and for a reversal
    :raises TransferStays: for one side of a merge
    :raises InsufficientPoints: if what an earning gave is spent already
    """
    arguments = [
        *(business.pk, entry_id, _json(reason or {}), description),
        *(_json(_facts(Source("entry", str(entry_id)), facts)), clock.wall()),
    ]
    return _post("laurel_reverse", arguments, business=business, topic="points/reversed")


def settle(*, business_id: UUID, account_id: UUID) -> int:
    """Let due lots of an account ripen and expire. Answers how many; safe to repeat."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT s, laurel_moves(false) FROM laurel_settle(%s, %s, %s) s", [business_id, account_id, clock.wall()]
        )
        settled, moves = cursor.fetchone()
        events.announce(climbing.moves(business_id, moves))
        if settled:
            events.nudge()
    return int(settled)


def _facts(source: Source, facts: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"action": source.type, **(facts or {})}


def _json(facts: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(facts)).decode()


def _columns(key: idempotency.Key | None) -> tuple[UUID | None, str | None, bytes | None]:
    return (key.scope, key.text, key.fingerprint) if key else (None, None, None)


def _heard(topic: str) -> AbstractContextManager[object]:
    """A transaction around the statement only where a receiver must share it."""
    return transaction.atomic() if events.has_receivers(topic) else nullcontext()


def _post(function: str, arguments: Sequence[Any], *, business: Business, topic: str) -> Posting:
    """Call a posting function, whose name is ours, let its news be heard; answer its entry, or raise its refusal."""
    try:
        with _heard(topic):
            posting = _called(function, arguments, business=business, topic=topic)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) != database.SOMEBODY_MOVED:
            raise
        with transaction.atomic():
            posting = _called(function, arguments, business=business, topic=topic)
    if posting.id is None:
        raise refusal(posting)
    return posting


def _called(function: str, arguments: Sequence[Any], *, business: Business, topic: str) -> Posting:
    marks = ", ".join(["%s"] * len(arguments))
    is_alone = not connection.in_atomic_block
    cursor = database.prepared_cursor()
    cursor.execute(f"SELECT p.*, laurel_moves(%s) FROM {function}({marks}) p", [is_alone, *arguments])
    posting = Posting(*cursor.fetchone())
    events.announce(news(posting, business=business, topic=topic))
    return posting


REFUSALS: Mapping[str, Callable[..., DomainError]] = {
    "insufficient": InsufficientPoints,
    "over_limit": BalanceLimitReached,
    "no_room": NoRoom,
    "no_account": lambda: NotFound("advocate"),
    "no_metric": NoMetric,
    "no_entry": lambda: NotFound("transaction"),
    "not_active": AccountNotActive,
    "posted_before": AlreadyPosted,
    "reversed_before": AlreadyReversed,
    "is_transfer": TransferStays,
    idempotency.REFUSED: idempotency.KeptRefusal,
    "busy": idempotency.KeyInUse,
    "mismatch": idempotency.KeyMismatch,
}


def refusal(posting: Posting) -> DomainError:
    """What a posting that was not made raises."""
    details = orjson.loads(posting.details or "{}")
    error = REFUSALS[details.pop("outcome", posting.outcome)](**details)
    error.is_replay = posting.is_replay
    return error


def news(posting: Posting, *, business: Business, topic: str) -> list[events.Happening]:
    """What a posting tells, for `events.announce`: itself, if it is one and new; and who moved by it in any case."""
    moves = climbing.moves(business.pk, posting.moves)
    if posting.id is None or posting.is_replay:
        return moves
    facts = {"entryId": str(posting.id), "amount": posting.amount, "metric": posting.metric}
    return [events.Happening(business.pk, topic, posting.account_id, facts), *moves]
