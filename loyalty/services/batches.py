"""Up to a thousand postings in one call, each on its own, and all of them taken back by the batch's id."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from loyalty import events
from loyalty.kernel import clock, ids, points
from loyalty.kernel.errors import Conflict, DomainError, NotFound
from loyalty.models import Account, Batch, Business, Event
from loyalty.services import climbing, erasure, idempotency, ledger, starting
from loyalty.services.ledger import Posting

Kind = Batch.Kind
JOINED = 1  # the number of a newcomer's first event
Result = Posting | DomainError  # what became of one item


class ActiveSince(Conflict):
    def __init__(self) -> None:
        super().__init__("This advocate has done something since. Erase them by themselves, if you mean it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Points for a person, who is known by id or by the merchant's own id; a negative amount takes them."""

    amount: int
    account_id: UUID | None = None
    external_id: str | None = None
    metric: str = ledger.POINTS
    description: str = ""
    expires_at: datetime | None = None
    pending_until: datetime | None = None
    key: idempotency.Key | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A batch, and what became of each item: a posting, a refusal, or nothing where there was nothing to do."""

    batch: Batch
    results: Sequence[Result | None]


@transaction.atomic
def move_points(*, business: Business, moves: Sequence[Move | DomainError], author: str = "") -> Done:
    """Post every move. One that is refused, or was an error before, spoils no other."""
    batch_id = ids.new_id()
    accounts = _accounts_of(business, moves)
    results: list[Result] = [move if isinstance(move, DomainError) else NotFound("advocate") for move in moves]
    sent = {number: move for number, move in enumerate(moves) if number in accounts and isinstance(move, Move)}
    rows = [_row(move, accounts[number]) for number, move in sent.items()]
    arguments = [business.pk, batch_id, json.dumps(rows), clock.wall(), points.MAX_BALANCE]
    postings = _postings("laurel_batch", arguments)
    for number, posting in zip(sent, postings, strict=True):
        results[number] = posting if posting.id else ledger.refusal(posting)

    _announce(business, postings)
    new = [result if isinstance(result, Posting) and not result.is_replay else None for result in results]
    made = [posting and posting.id for posting in new]
    batch = Batch.objects.create(business=business, pk=batch_id, kind=Kind.POINTS, made=made, author=author)
    return Done(batch, results)


@transaction.atomic
def undo(*, business: Business, batch_id: UUID) -> Done:
    """Take back what a batch did. What is undone already stays so.

    What it posted goes back by one compensating entry each; points that are spent cannot, and their items answer
    `ledger.InsufficientPoints`. Whom it let join is erased, unless they have done something since: `ActiveSince`.

    :raises NotFound: if the business has no such batch
    """
    batch = Batch.objects.for_business(business).select_for_update(no_key=True).filter(pk=batch_id).first()
    if batch is None:
        raise NotFound("batch")
    results = _sent_away(business, batch) if batch.kind == Kind.ADVOCATES else _posted_back(business, batch)
    if batch.undone_at is None:
        batch.undone_at = clock.wall()
        batch.save(update_fields=["undone_at"])
    return Done(batch, results)


def _posted_back(business: Business, batch: Batch) -> list[Result | None]:
    entries = {number: entry_id for number, entry_id in enumerate(batch.made) if entry_id}
    facts = json.dumps({"action": "batch_undo", "batchId": str(batch.pk)})
    arguments = [business.pk, list(entries.values()), facts, clock.wall()]
    results: list[Result | None] = [None] * len(batch.made)
    postings = _postings("laurel_batch_undo", arguments)
    for number, posting in zip(entries, postings, strict=True):
        if posting.outcome != "reversed_before":
            results[number] = posting if posting.id else ledger.refusal(posting)

    _announce(business, postings, topic="points/reversed")
    return results


def _sent_away(business: Business, batch: Batch) -> list[Result | None]:
    joined = Account.objects.for_business(business).filter(pk__in=list(filter(None, batch.made)))
    present = joined.exclude(status=Account.Status.ERASED)
    since = Event.objects.for_business(business).filter(account_id__in=present.values("pk"), sequence__gt=JOINED)
    deeds = since.exclude(topic__in=climbing.TOPICS).exclude(topic=starting.TOPIC, facts__action=starting.ACTION)
    active = set(deeds.values_list("account_id", flat=True))
    for account_id in sorted(set(joined.values_list("pk", flat=True)) - active):
        erasure.erase(business=business, account_id=account_id)
    return [ActiveSince() if made in active else None for made in batch.made]


def accounts_named(business: Business, external_ids: Iterable[str]) -> dict[str | None, UUID]:
    """The accounts of those whom the business knows by these ids."""
    known = Account.objects.for_business(business).filter(external_id__in=list(external_ids))
    return dict(known.values_list("external_id", "pk"))


def _accounts_of(business: Business, moves: Sequence[Move | DomainError]) -> dict[int, UUID]:
    """The account of each move, by its number; whom nobody knows by their external id is left out."""
    by_name = accounts_named(
        business, [move.external_id for move in moves if isinstance(move, Move) and move.external_id]
    )
    found = {
        number: move.account_id or by_name.get(move.external_id)
        for number, move in enumerate(moves)
        if isinstance(move, Move)
    }
    return {number: account_id for number, account_id in found.items() if account_id}


def _row(move: Move, account_id: UUID) -> dict[str, Any]:
    return {
        "account": str(account_id),
        "metric": move.metric,
        "amount": move.amount,
        "description": move.description,
        "expires": move.expires_at and move.expires_at.isoformat(),
        "ripens": move.pending_until and move.pending_until.isoformat(),
        "key": move.key and move.key.text,
        "fingerprint": move.key and move.key.fingerprint.hex(),
    }


def _postings(function: str, arguments: Sequence[Any]) -> list[Posting]:
    marks = ", ".join(["%s"] * len(arguments))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT p.*, laurel_moves(false) FROM {function}({marks}) p", arguments)
        return [Posting(*row) for row in cursor.fetchall()]


def _announce(business: Business, postings: Iterable[Posting], topic: str = "") -> None:
    """What all of them tell, each under `topic` or the one of its direction; only then what follows from it."""
    told = []
    for posting in postings:
        direction = "points/earned" if (posting.amount or 0) > 0 else "points/adjusted"
        told += ledger.news(posting, business=business, topic=topic or direction)
    events.announce(told)
