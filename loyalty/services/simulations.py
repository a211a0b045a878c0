"""Trying a draft of the programme on what people have done: in the background, some people at a time.

Only the simulation's own row is written. A page of people is judged and added up in one transaction: whoever is killed
meanwhile has lost nothing, and whoever goes on counts nobody twice.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from loyalty.kernel import clock, jobs
from loyalty.kernel.errors import Conflict, DomainError, Invalid, NotFound
from loyalty.models import Account, Business, Simulation
from loyalty.selectors import history, tiers
from loyalty.selectors.history import Paid, Window
from loyalty.services import programme, replay
from loyalty.services.programme import Document
from loyalty.services.replay import Came, Draft, Name, Replay

PAGE = 250  # people
ROUNDS = 40  # pages of a task, before another one goes on
USUAL = timedelta(days=30)
LONGEST = timedelta(days=366)
STALE_AFTER = timedelta(hours=1)  # without coming on: whoever worked on it was killed each time
KEPT = timedelta(days=90)
DEAREST, FINEST = 1_000_000, 6  # what a point may cost, and in how many digits
WORK = "loyalty.work_off_simulations"
BY_PROGRAMME = frozenset({"earn_rule", "task", "quest"})  # what is judged anew; all else people would have as well

log = structlog.get_logger(__name__)
State = Simulation.State


class AlreadyRunning(Conflict):
    def __init__(self) -> None:
        super().__init__("A simulation of this business is running. Wait for it, or cancel it.")


class NotRunning(Conflict):
    def __init__(self, state: str) -> None:
        super().__init__(f"This simulation is {state}.")


def start(
    *,
    business: Business,
    document: Mapping[str, Any],
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    point_value: Decimal | None = None,
    author: str = "",
) -> Simulation:
    """Let a draft be tried on what happened in a window: the last 30 days, unless said otherwise.

    :param document: sections of a programme, as JSON has them; those that are left out stay as they are
    :param point_value: what one point costs, in the currency of the business
    :raises Invalid: naming the path of what the document says wrong, or a window or value that cannot be
    :raises AlreadyRunning: if one of the business has not finished
    """
    now = clock.now(business)
    ends_at = min(ends_at or now, now)
    starts_at = starts_at or ends_at - USUAL
    if not timedelta(0) < ends_at - starts_at <= LONGEST:
        raise Invalid("The window begins in the past and before it ends, and is at most 366 days long.", field="from")
    if point_value is not None and not (0 <= point_value <= DEAREST and point_value == round(point_value, FINEST)):
        raise Invalid(f"A point costs 0 to {DEAREST}, with at most {FINEST} digits behind it.", field="pointValue")
    replay.compile_draft(business=business, document=_parsed(document))
    people = Account.objects.for_business(business).filter(status=Account.Status.ACTIVE).count()
    try:
        with transaction.atomic():
            made = Simulation.objects.create(
                business=business,
                document=document,
                starts_at=starts_at,
                ends_at=ends_at,
                point_value="" if point_value is None else str(point_value),
                author=author,
                people=people,
            )
    except IntegrityError as error:
        raise AlreadyRunning from error
    jobs.wake(WORK)
    return made


def found(*, business: Business, simulation_id: UUID) -> Simulation:
    """:raises NotFound: if the business has no such simulation"""
    row = Simulation.objects.for_business(business).filter(pk=simulation_id).first()
    if row is None:
        raise NotFound("simulation")
    return row


@transaction.atomic
def cancel(*, business: Business, simulation_id: UUID) -> Simulation:
    """Stop it; what it has found so far stays to be read.

    :raises NotFound: if the business has no such simulation
    :raises NotRunning: if it is over
    """
    rows = Simulation.objects.for_business(business).select_for_update()
    row = rows.filter(pk=simulation_id).first()
    if row is None:
        raise NotFound("simulation")
    if row.state != State.RUNNING:
        raise NotRunning(row.state)
    _finish(row, State.CANCELLED)
    return row


def work_off() -> None:
    """Go on with the simulations of all businesses in turn, and end those that do not come on."""
    now = clock.wall()
    for row in Simulation.objects.filter(state=State.RUNNING, moved_at__lt=now - STALE_AFTER):
        _finish(row, State.FAILED, "It did not come on for an hour, and was ended. Start another one.")
    Simulation.objects.exclude(state=State.RUNNING).filter(created_at__lt=now - KEPT).delete()
    waiting = list(Simulation.objects.filter(state=State.RUNNING).select_related("business").order_by("created_at"))
    drafts = {row.pk: draft for row in waiting if (draft := _draft(row))}
    for _ in range(ROUNDS):
        waiting = [row for row in waiting if row.pk in drafts and _go_on(row, drafts[row.pk])]
    if waiting:
        jobs.wake(WORK)


def _draft(row: Simulation) -> Draft | None:
    """Compiled, once a task; None, and it has failed, if the programme has become another one meanwhile."""
    try:
        return replay.compile_draft(business=row.business, document=_parsed(row.document))
    except DomainError as error:
        _finish(row, State.FAILED, error.message)
        return None


def _parsed(document: Mapping[str, Any]) -> Document:
    return programme.parsed(dict(document))


def _go_on(row: Simulation, draft: Draft) -> bool:
    """Whether there may be more. One that we fail at keeps nobody else's from being done."""
    try:
        return advance(business=row.business, simulation_id=row.pk, draft=draft)
    except Exception:
        log.exception("simulation_failed", id=str(row.pk))
        _finish(row, State.FAILED, "It failed, and that is our fault. It stands in the log.")
        return False


@transaction.atomic
def advance(*, business: Business, simulation_id: UUID, draft: Draft) -> bool:
    """Judge the next page of people. Answers whether there may be another one; two at once wait for each other."""
    rows = Simulation.objects.for_business(business).select_for_update()
    row = rows.filter(pk=simulation_id, state=State.RUNNING).first()
    if row is None:
        return False
    people = history.page_of_people(business=business, after=row.last_account, size=PAGE)
    if not people:
        _finish(row, State.DONE)
        return False
    tally = Tally.of(row.tally)
    _judge(row, draft, people, tally)
    row.tally = tally.plain()
    row.last_account, row.people_done = people[-1].pk, row.people_done + len(people)
    row.moved_at = clock.wall()
    row.save(update_fields=["tally", "last_account", "people_done", "moved_at"])
    return True


def _judge(row: Simulation, draft: Draft, people: Sequence[Account], tally: "Tally") -> None:
    window = Window(row.starts_at, row.ends_at)
    paid = history.paid(business=row.business, account_ids=[account.pk for account in people], window=window)
    earned: Counter[UUID] = Counter()
    for one in paid:
        name = draft.names.get(one.by) if one.by and one.source in BY_PROGRAMME else None
        if name is not None:
            earned[one.account_id] += one.points
            tally.paid(one, name)
    for came in Replay(draft, window, tally.spent).of(people, earned):
        tally.came(came, earned[came.account_id])


def _finish(row: Simulation, state: State, failure: str = "") -> None:
    row.state, row.failure, row.finished_at = state, failure[:500], clock.wall()
    row.save(update_fields=["state", "failure", "finished_at"])


# Adding up

Sums = Counter[str]


@dataclass(slots=True)
class Tally:
    """What people were paid and would have been, added up. Rules and quests go by their kind and key."""

    people: Sums
    points: Sums
    by: dict[str, Sums]
    tiers: dict[str, Sums]
    titles: dict[str, str]
    spent: Counter[str]  # by rules

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Tally":
        return cls(
            people=Counter(plain.get("people")),
            points=Counter(plain.get("points")),
            by={name: Counter(sums) for name, sums in plain.get("by", {}).items()},
            tiers={key: Counter(sums) for key, sums in plain.get("tiers", {}).items()},
            titles=dict(plain.get("titles", {})),
            spent=Counter(plain.get("spent")),
        )

    def plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def _of(self, name: Name) -> Sums:
        spelled = f"{name.kind}:{name.key}"
        self.titles[spelled] = name.title
        return self.by.setdefault(spelled, Counter())

    def paid(self, one: Paid, name: Name) -> None:
        """What somebody was paid. Steps go by the name of their quest, which is what is done so many times."""
        self.points["paid"] += one.points
        sums = self._of(name)
        sums["paid"] += one.points
        sums["timesPaid"] += one.times if one.source != "task" else 0

    def came(self, came: Came, paid: int) -> None:
        self.points["draft"] += came.points
        for name, (amount, times) in came.by.items():
            sums = self._of(name)
            sums["draft"] += amount
            sums["timesDraft"] += times
        self.people["paid"] += paid > 0
        self.people["draft"] += came.points > 0
        self.people["more"] += came.points > paid
        self.people["less"] += came.points < paid
        self._tier(came)

    def _tier(self, came: Came) -> None:
        for key, name in ((came.tier_before, "now"), (came.tier, "draft")):
            if key is not None:
                self.tiers.setdefault(key, Counter())[name] += 1
        if came.tier != came.tier_before:
            self.people["otherTier"] += 1


@dataclass(frozen=True, slots=True)
class Line:
    """A rule or a quest: what it paid, and what it would have paid, so many times."""

    kind: str  # rule or quest
    key: str
    title: str
    paid: int
    times_paid: int
    draft: int
    times_draft: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a simulation has found so far."""

    people: Mapping[str, int]
    paid: int
    draft: int
    cost_paid: Decimal | None
    cost_draft: Decimal | None
    lines: Sequence[Line]
    tiers: Sequence[tuple[str, int, int]]  # key, people now, people under the draft


def report(row: Simulation) -> Report:
    """What it has found so far, the rules and quests that differ most first."""
    tally = Tally.of(row.tally)
    value = Decimal(row.point_value) if row.point_value else None
    order = {tier.key: tier.threshold for tier in tiers.tiers_of(row.business)}
    return Report(
        people={name: tally.people[name] for name in ("paid", "draft", "more", "less", "otherTier")},
        paid=tally.points["paid"],
        draft=tally.points["draft"],
        cost_paid=None if value is None else value * tally.points["paid"],
        cost_draft=None if value is None else value * tally.points["draft"],
        lines=sorted(_lines(tally), key=lambda line: (-abs(line.draft - line.paid), line.key)),
        tiers=[
            (key, sums["now"], sums["draft"])
            for key, sums in sorted(tally.tiers.items(), key=lambda one: (order.get(one[0], 0), one[0]))
        ],
    )


def _lines(tally: Tally) -> Iterator[Line]:
    for name, sums in tally.by.items():
        kind, _, key = name.partition(":")
        counts = (sums["paid"], sums["timesPaid"], sums["draft"], sums["timesDraft"])
        yield Line(kind, key, tally.titles[name], *counts)
