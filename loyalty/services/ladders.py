"""Letting people follow the ladders: when something was counted, when a period ends, and when a ladder has changed."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from loyalty import events
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.kernel.rounds import Round
from loyalty.models import Business, Climb, Milestone, MilestoneSet
from loyalty.services import climbing, compiled, naming, programme

BATCH = 500


class OtherTiers(Conflict):
    def __init__(self) -> None:
        super().__init__("Another set is the programme's tiers already. Archive it first.")


class OtherSteps(Conflict):
    def __init__(self) -> None:
        super().__init__("A step was added since that has the threshold of one that would come back. Remove it first.")


# Every business has its own clock. By id, so that whoever cannot be settled now does not hold up the others.
DUE = """
    SELECT a.business_id, a.id FROM loyalty_account a JOIN loyalty_business b ON b.id = a.business_id
    WHERE a.climbs_due_at <= %s + b.clock_offset AND a.status IN ('active', 'blocked') AND a.id > %s
    ORDER BY a.id LIMIT %s
"""
BEFORE_ALL = UUID(int=0)


@transaction.atomic
def count_orders(*, business: Business, account_id: UUID, orders: int = 1) -> None:
    """Count orders of somebody for the ladders that go by them; a negative number for those that were cancelled.

    :raises NotFound: if the business has no such account
    """
    if not _call("laurel_count_orders(%s, %s, %s, %s)", business.pk, account_id, orders, clock.wall()):
        raise NotFound("advocate")
    _hear(business.pk)


COUNT_ORDERS = """
    SELECT count(laurel_count_orders(%s, account, orders, %s)), laurel_moves(false)
    FROM (SELECT * FROM unnest(%s::uuid[], %s::bigint[]) AS t(account, orders) ORDER BY account) counted
"""


def count_all_orders(orders: Mapping[UUID, int], *, business: Business) -> None:
    """Count orders of people whose accounts are locked, as `count_orders` does: in one statement."""
    if orders:
        with connection.cursor() as cursor:
            cursor.execute(COUNT_ORDERS, [business.pk, clock.wall(), list(orders), list(orders.values())])
            events.announce(climbing.moves(business.pk, cursor.fetchone()[1]))


END_PERIODS = """
    SELECT count(laurel_lock(%s, account, NULL, %s)), laurel_moves(false)
    FROM (SELECT unnest(%s::uuid[]) AS account ORDER BY 1) due
"""


def end_periods(account_ids: Collection[UUID], *, business: Business) -> None:
    """End the periods that are over of people whose accounts are locked, as the next award would: in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(END_PERIODS, [business.pk, clock.wall(), list(account_ids)])
        events.announce(climbing.moves(business.pk, cursor.fetchone()[1]))
    events.nudge()  # of what ripened and expired in them


@transaction.atomic
def follow(*, business: Business, account_id: UUID) -> None:
    """Let an account follow all its ladders, whatever has changed about it."""
    _call("laurel_climb_everywhere(%s, %s, %s)", business.pk, account_id, clock.wall())
    _hear(business.pk)


def task_done(*, business: Business, account_id: UUID) -> None:
    """Let somebody who has done a task follow the ladders of tasks, if there are any."""
    if MilestoneSet.Basis.TASKS in compiled.of(business).bases:
        follow(business=business, account_id=account_id)


@transaction.atomic
def set_tier(*, business: Business, account_id: UUID, tier_id: UUID | None) -> None:
    """Put an account on a tier by hand, or back on the one that it has earned."""
    _call("laurel_set_tier(%s, %s, %s, %s)", business.pk, account_id, tier_id, clock.wall())
    _hear(business.pk)


@transaction.atomic
def settle(*, business: Business) -> int:
    """Move everyone to where the ladders, as they are now, put them. Answers how many moves that took.

    Whoever a period or `never` holds stays, and so does a tier that was given by hand, while there is such a step.
    It is told, but nothing else follows: nobody has done anything.
    """
    moved = int(_call("laurel_settle_ladders(%s, %s)", business.pk, clock.wall()))
    _hear(business.pk)
    if moved:
        events.nudge()
    return moved


@transaction.atomic
def set_archived(*, business: Business, set_id: UUID, archived: bool) -> None:
    """Archive a ladder with its steps, or fetch it back with those that went with it. Everybody takes their place.

    :raises NotFound: if the business has no such ladder
    :raises OtherTiers: if it was the tiers, and another one is now
    :raises OtherSteps: if a step that comes back would share its threshold
    :raises programme.StillNamed: if the programme would not hold together
    """
    business = naming.lock(business)
    rows = MilestoneSet.objects.for_business(business)
    ladder = rows.filter(pk=set_id).first()
    if ladder is None:
        raise NotFound("ladder")
    if archived == bool(ladder.archived_at):  # somebody was faster
        return
    if not archived and ladder.is_tier and rows.filter(is_tier=True, archived_at=None).exists():
        raise OtherTiers
    steps = Milestone.objects.for_business(business).filter(set=ladder)
    going = steps.filter(archived_at=None) if archived else steps.filter(archived_at__gte=ladder.archived_at)
    if not archived and steps.filter(archived_at=None, threshold__in=going.values("threshold")).exists():
        raise OtherSteps
    with programme.kept_whole(business):
        ladder.archived_at = clock.wall() if archived else None
        going.update(archived_at=ladder.archived_at)
        ladder.save(update_fields=["archived_at"])
    settle(business=business)


def counting(ladder: MilestoneSet) -> tuple[object, ...]:
    """What a period of the ladder hangs on: where this changes, it begins anew."""
    return (ladder.metric_id, ladder.period_months, ladder.period_start)


def begin_anew(ladder: MilestoneSet) -> None:
    """Forget the periods of a ladder that counts otherwise now; `settle` begins them again."""
    rows = Climb.objects.filter(business_id=ladder.business_id, set=ladder)
    rows.update(base=0, period_from=None, period_to=None)


def turn_due() -> int:
    """End the periods that are over, an account at a time. Answers how many; safe to run twice, or twice at once."""
    turned = 0
    with Round("turn_periods") as work:
        for business_id, account_id in _due():
            with work.piece(business=business_id, account=account_id):
                _turn(business_id, account_id)
                turned += 1
    return turned


@transaction.atomic
def _turn(business_id: UUID, account_id: UUID) -> None:
    _call("laurel_settle(%s, %s, %s)", business_id, account_id, clock.wall())
    _hear(business_id)
    events.nudge()


def _due() -> Iterator[tuple[UUID, UUID]]:
    last = BEFORE_ALL
    while True:
        with connection.cursor() as cursor:
            cursor.execute(DUE, [clock.wall(), last, BATCH])
            found = cursor.fetchall()
        yield from found
        if len(found) < BATCH:
            return
        last = found[-1][1]


def _call(function: str, *arguments: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}", arguments)
        return cursor.fetchone()[0]


def _hear(business_id: UUID) -> None:
    """Let who must know hear of who moved in this transaction."""
    happened = climbing.moves(business_id, _call("laurel_moves(false)"))
    if happened:
        events.announce(happened)
