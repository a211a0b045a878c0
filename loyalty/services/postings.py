"""Many postings in one statement: each is answered by itself, and a refused one leaves nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from msgspec import Struct

from loyalty import events
from loyalty.kernel import clock, database, points
from loyalty.kernel.database import tables
from loyalty.models import Account, Business
from loyalty.models.ledger import LedgerEntry, Lot
from loyalty.services import idempotency, ledger
from loyalty.services.ledger import POINTS, Posting, Source


class Move(Struct, frozen=True, kw_only=True):
    """Points for an account, as a lot that may ripen later and expire; a negative amount takes them."""

    account_id: UUID
    amount: int
    source: Source = ledger.API
    metric: str = POINTS
    facts: Mapping[str, Any] = {}
    rule: tuple[UUID, int] | None = None
    reason: Mapping[str, Any] = {}
    description: str = ""
    expires_at: datetime | None = None
    pending_until: datetime | None = None
    key: idempotency.Key | None = None


def post(moves: Sequence[Move], *, business: Business) -> list[Posting]:
    """Post every move, in order. What was refused has no id: `ledger.refusal` says why."""
    if not moves:
        return []
    items = orjson.dumps(rows(moves)).decode()
    are_plain = all(move.amount > 0 and move.source.id and not move.key for move in moves)
    function = "laurel_award_all" if are_plain else "laurel_batch"
    postings = call(function, [business.pk, items, clock.wall(), points.MAX_BALANCE])
    told = (ledger.news(posting, business=business, topic=_topic(posting)) for posting in postings)
    events.announce([one for news in told for one in news])
    return postings


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """A part of what an entry gave, to be taken back, once per source."""

    entry_id: UUID
    amount: int
    source: Source
    reason: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    deficit: str | None = None  # the policy, where it is not the business's


def take_back(takings: Sequence[Taking], *, business: Business) -> list[Posting]:
    """Take back parts of entries, in order, as the deficit policy of the business says. The caller holds the locks.

    Where nothing is there to take, or the source was posted before, the posting has no id.
    """
    if not takings:
        return []
    rows = orjson.dumps([_taken(taking) for taking in takings]).decode()
    arguments = [business.pk, rows, business.refund_deficit, clock.wall()]
    postings = call("laurel_take_all_back", arguments)
    told = (ledger.news(posting, business=business, topic="points/reversed") for posting in postings)
    events.announce([one for news in told for one in news])
    return postings


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """What an award has just given, to be taken away again by an adjustment."""

    entry_id: UUID
    source: Source
    reason: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


def take_away(all_of: Sequence[Away], *, business: Business) -> None:
    """Take away awards that this transaction has made, each whole and untouched since: at most one of an account."""
    if not all_of:
        return
    rows = [
        {
            "entry": each.entry_id,
            "source_type": each.source.type,
            "source_id": each.source.id,
            "reason": each.reason,
            "description": each.description,
            "facts": {"action": each.source.type, **each.facts},
        }
        for each in all_of
    ]
    postings = call("laurel_take_away", [business.pk, orjson.dumps(rows).decode(), clock.wall()])
    told = (ledger.news(posting, business=business, topic="points/adjusted") for posting in postings)
    events.announce([one for news in told for one in news])


def call(function: str, arguments: Sequence[Any]) -> list[Posting]:
    """Call a function that posts many, whose name is ours."""
    marks = ", ".join(["%s"] * len(arguments))
    cursor = database.prepared_cursor()
    cursor.execute(f"SELECT p.*, laurel_moves(false) FROM {function}({marks}) p", arguments)
    return [Posting(*row) for row in cursor.fetchall()]


def award_all(moves: Sequence[Move], *, business: Business) -> None:
    """Post awards that have room, and were not posted before.

    :raises DomainError: as `ledger.award`, if one has not, or was
    """
    if len(moves) == 1:
        award(moves[0], business=business)
        return
    for posting in post(moves, business=business):
        if posting.id is None:
            raise ledger.refusal(posting)


def award(move: Move, *, business: Business, clamp: bool = False) -> Posting:
    """As `ledger.award`: its own statement is the cheaper one for one."""
    return ledger.award(
        business=business,
        account_id=move.account_id,
        amount=move.amount,
        metric=move.metric,
        source=move.source,
        facts=move.facts,
        rule=move.rule,
        reason=move.reason,
        description=move.description,
        expires_at=move.expires_at,
        pending_until=move.pending_until,
        key=move.key,
        clamp=clamp,
    )


def measure() -> None:
    """Let the planner see how the books have grown, before very many postings; outside of their transaction."""
    tables.measure(Account, LedgerEntry, Lot)


def _topic(posting: Posting) -> str:
    return "points/earned" if (posting.amount or 0) > 0 else "points/adjusted"


def rows(moves: Sequence[Move]) -> list[dict[str, Any]]:
    """The moves as the database's functions take them."""
    return [_row(move) for move in moves]


def _row(move: Move) -> dict[str, Any]:
    rule_id, rule_version = move.rule or (None, None)
    return {
        "account": move.account_id,
        "metric": move.metric,
        "amount": move.amount,
        "source_type": move.source.type,
        "source_id": move.source.id,
        "rule_id": rule_id,
        "rule_version": rule_version,
        "reason": move.reason,
        "description": move.description,
        "facts": {"action": move.source.type, **move.facts},
        "expires": move.expires_at,
        "ripens": move.pending_until,
        "key": move.key and move.key.text,
        "fingerprint": move.key and move.key.fingerprint.hex(),
    }


def _taken(taking: Taking) -> dict[str, Any]:
    return {
        "entry": taking.entry_id,
        "amount": taking.amount,
        "source_type": taking.source.type,
        "source_id": taking.source.id,
        "reason": taking.reason,
        "facts": {"action": taking.source.type, **taking.facts},
        "deficit": taking.deficit,
    }
