"""Up to a thousand postings in one call, each on its own, and all of them taken back by the batch's id.

Batches of things that the floor does not know are taken back by whoever keeps these, and has registered for it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from msgspec import structs

from loyalty import events
from loyalty.kernel import clock, ids
from loyalty.kernel.errors import Conflict, DomainError, NotFound
from loyalty.models import Account, Batch, Business
from loyalty.selectors import ledger as books
from loyalty.services import accounts, erasure, ledger, postings
from loyalty.services.ledger import Posting, Source
from loyalty.services.postings import Move

Kind = Batch.Kind
Result = Posting | DomainError  # what became of one item


Undo = Callable[[Business, Batch], Sequence[Result | None]]

_undoers: dict[str, Undo] = {}


def register_undo(kind: str, undo: Undo) -> None:
    """Let `undo` take back batches of a kind, whose rows are locked. It answers for each item what could not be."""
    _undoers[kind] = undo


class ActiveSince(Conflict):
    def __init__(self) -> None:
        super().__init__("This advocate has done something since. Erase them by themselves, if you mean it.")


@dataclass(frozen=True, slots=True)
class Done:
    """A batch, and what became of each item: a posting, a refusal, or nothing where there was nothing to do."""

    batch: Batch
    results: Sequence[Result | None]


@transaction.atomic
def move_points(
    *, business: Business, moves: Sequence[Move | DomainError], author: str = "", source: str = "batch"
) -> Done:
    """Post every move. One that is refused, or was an error before, spoils no other.

    :param source: the type of what its entries stand for
    """
    batch_id = ids.new_id()
    sourced = [
        move if isinstance(move, DomainError) else structs.replace(move, source=Source(source, f"{batch_id}:{number}"))
        for number, move in enumerate(moves, start=1)
    ]
    sent = [move for move in sourced if isinstance(move, Move)]
    posted = iter(postings.post(sent, business=business))
    results = [move if isinstance(move, DomainError) else _result(next(posted)) for move in sourced]
    made = [result.id if isinstance(result, Posting) and not result.is_replay else None for result in results]
    batch = Batch.objects.create(business=business, pk=batch_id, kind=Kind.POINTS, made=made, author=author)
    return Done(batch, results)


@transaction.atomic
def undo(*, business: Business, batch_id: UUID) -> Done:
    """Take back what a batch did. What is undone already stays so.

    What it posted goes back by one compensating entry each; points that are spent cannot, and their items answer
    `ledger.InsufficientPoints`. Whom it let join is erased, unless they have done something since: `ActiveSince`. What
    else was written is again what it was, unless it has changed since.

    :raises NotFound: if the business has no such batch
    """
    batch = Batch.objects.for_business(business).select_for_update(no_key=True).filter(pk=batch_id).first()
    if batch is None:
        raise NotFound("batch")
    results = _undoers.get(batch.kind, _posted_back)(business, batch)
    if batch.undone_at is None:
        batch.undone_at = clock.wall()
        batch.save(update_fields=["undone_at"])
    return Done(batch, results)


def _result(posting: Posting) -> Result:
    return posting if posting.id else ledger.refusal(posting)


def _posted_back(business: Business, batch: Batch) -> list[Result | None]:
    entries = {number: entry_id for number, entry_id in enumerate(batch.made) if entry_id}
    results: list[Result | None] = [None] * len(batch.made)
    for number, posting in zip(entries, _reverse(business, batch, list(entries.values())), strict=True):
        if posting.outcome != "reversed_before":
            results[number] = _result(posting)
    return results


def _reverse(business: Business, batch: Batch, entry_ids: Sequence[UUID]) -> list[Posting]:
    """One compensating entry for each, in one statement."""
    facts = json.dumps({"action": "batch_undo", "batchId": str(batch.pk)})
    reversals = postings.call("laurel_batch_undo", [business.pk, list(entry_ids), facts, clock.wall()])
    told = (ledger.news(posting, business=business, topic="points/reversed") for posting in reversals)
    events.announce([one for news in told for one in news])
    return reversals


def _sent_away(business: Business, batch: Batch) -> list[Result | None]:
    """What people got for joining goes back, before they are forgotten: that they joined is all they did."""
    reached = {pk: sequence or 0 for pk, sequence in zip(batch.made, batch.reached, strict=True) if pk}
    locked = accounts.lock(business=business, account_ids=reached, also_from_keys=True)
    present = {pk: account for pk, account in locked.items() if account.status != Account.Status.ERASED}
    active = {pk for pk, account in present.items() if account.event_sequence > reached[pk]}
    leaving = sorted(present.keys() - active)
    earned = books.earned(business=business, account_ids=leaving)
    _reverse(business, batch, earned)
    erasure.erase_all(business=business, account_ids=leaving)
    return [ActiveSince() if made in active else None for made in batch.made]


register_undo(Kind.ADVOCATES, _sent_away)
