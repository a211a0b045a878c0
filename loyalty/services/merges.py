"""Two accounts of one person become one, and two again.

History stays where it was written. What moves: the open lots, each with its own expiry and ripening; what is owed,
which the points of both pay; what was earned and spent in a lifetime, so that the tier follows; and the rows that the
holders of personal data name.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from loyalty import events
from loyalty.kernel import clock, points
from loyalty.kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import Account, Business, Merge
from loyalty.services import accounts, completions, ladders, ledger, personal_data, quest_people

UPDATED = "customers/updated"
Status = Account.Status


class NotMergeable(Conflict):
    def __init__(self) -> None:
        super().__init__("One of the two is blocked, merged or erased. Only active advocates can be merged.")


class NotUndoable(Conflict):
    def __init__(self) -> None:
        super().__init__("This is undone, or one of the two was erased or merged further. Undo the latest first.")


@transaction.atomic
def merge(*, business: Business, source_id: UUID, target_id: UUID) -> Merge:
    """Let one account take over what another one has. The other one stays as a sign that leads there.

    :raises Invalid: if they are the same
    :raises NotFound: if the business has no such account
    :raises NotMergeable: if one of them is not active, also because someone else merged it just now
    :raises ledger.BalanceLimitReached: if both together hold more than a balance may
    """
    if source_id == target_id:
        raise Invalid("Name another advocate to merge into.", field="intoAdvocateId")
    held = accounts.lock(business=business, account_ids=[source_id, target_id])
    for account_id, field in ((source_id, None), (target_id, "intoAdvocateId")):
        if account_id not in held:
            raise NotFound("advocate", field=field)
    if any(account.status != Status.ACTIVE for account in held.values()):
        raise NotMergeable
    now = clock.now(business)
    done = Merge.objects.create(business=business, source_id=source_id, target_id=target_id, created_at=now)
    _call("laurel_merge_climbs(%s, %s)", done.pk, clock.wall())
    _set_status(held[source_id], Status.MERGED)
    if not _call("laurel_merge_points(%s, %s, %s)", done.pk, points.MAX_BALANCE, clock.wall()):
        raise ledger.BalanceLimitReached(limit=points.MAX_BALANCE)
    moved = personal_data.move(business=business, source_id=source_id, target_id=target_id)
    done.moved = {name: list(ids) for name, ids in moved.items()}
    done.save(update_fields=["moved"])
    _tell(business, done)
    steps = done.moved.get(quest_people.TASKS.name, ())
    completions.complete_merged(business=business, account_id=target_id, steps=steps, now=now)
    ladders.follow(business=business, account_id=target_id)
    return done


@transaction.atomic
def undo(*, business: Business, merge_id: UUID) -> Merge:
    """Give back to the merged account what is left of what it brought: spent points stay spent, paid debts paid.

    :raises NotFound: if the business has no such merge
    :raises NotUndoable: if it is undone, or another merge or an erasure came after it
    """
    done = Merge.objects.for_business(business).filter(pk=merge_id).first()
    if done is None:
        raise NotFound("merge")
    held = accounts.lock(business=business, account_ids=[done.source_id, done.target_id])
    done.refresh_from_db()
    source, target = held[done.source_id], held[done.target_id]
    if done.undone_at or source.status != Status.MERGED or target.status not in (Status.ACTIVE, Status.BLOCKED):
        raise NotUndoable
    _call("laurel_unmerge_climbs(%s, %s)", done.pk, clock.wall())
    _call("laurel_unmerge_points(%s, %s)", done.pk, clock.wall())
    personal_data.move_back(business=business, source_id=source.pk, target_id=target.pk, moved=done.moved)
    _set_status(source, Status.ACTIVE)
    done.undone_at = clock.now(business)
    done.save(update_fields=["undone_at"])
    _tell(business, done)
    for account_id in sorted(held):
        ladders.follow(business=business, account_id=account_id)
    return done


def _call(function: str, *arguments: UUID | datetime | int) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}", arguments)
        return cursor.fetchone()[0]


def _set_status(account: Account, status: Status) -> None:
    account.status = status
    account.save(update_fields=["status"])


def _tell(business: Business, done: Merge) -> None:
    fact = "splitAdvocateId" if done.undone_at else "mergedAdvocateId"
    facts = {"fields": [], fact: str(done.source_id)}
    events.record([events.Happening(business.pk, UPDATED, done.target_id, facts)], now=clock.now(business))
