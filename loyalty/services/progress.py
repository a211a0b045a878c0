"""How an event moves the steps that listen to it: judged in memory, by what was read of people; then written.

Reading and writing go by the set: of one person for a single event, of a thousand for a batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from loyalty.kernel import database, periods
from loyalty.models import Business, Task
from loyalty.services import completions, conditions
from loyalty.services.compiled import Gate, Run, Step
from loyalty.services.people import Person
from loyalty.services.quest_gate import Attempt
from loyalty.services.quest_rules import Condition

MOST = Decimal(2**53)
Place = tuple[UUID, str, str]  # quest, period, key of the step


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an event does to one step: `reason` says why it does nothing."""

    step: Step
    period: str
    reason: str | None
    before: Decimal = Decimal(0)
    after: Decimal = Decimal(0)

    @property
    def moves(self) -> bool:
        return self.reason is None

    @property
    def completes(self) -> bool:
        return self.moves and self.after >= self.step.target


class Count(NamedTuple):
    """How far a step has come, and on which day last."""

    value: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class SoFar:
    """How far somebody has come, and which steps are done."""

    counts: dict[Place, Count] = field(default_factory=dict)
    done: set[Place] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """That something happened before it was told: then, until when what it earns would last, and what time it is now.

    Rules pay for it as on its day. Quests count what people do, not what is brought from elsewhere.
    """

    at: datetime
    ends_at: datetime | None
    now: datetime


class Moment(msgspec.Struct, frozen=True):
    """An event in front of a person."""

    business: Business
    person: Person
    data: Mapping[str, Any]
    at: datetime
    is_undeclared: bool = False  # an app made up its name
    past: Past | None = None

    @property
    def day(self) -> date:
        return periods.day_of(self.at, zone=self.business.timezone)

    def zone_for(self, run: Run) -> str:
        return periods.zone_for(run.zone, programme=self.business.timezone, user=self.person.timezone)

    def day_for(self, run: Run) -> date:
        """Its day, as a quest counts days for this person."""
        return periods.day_of(self.at, zone=self.zone_for(run))


def judge(moment: Moment, steps: Sequence[Step], so_far: SoFar, theirs: set[str]) -> list[Verdict]:
    """What the event does to each step, for somebody who is so far and in these segments."""
    verdicts = []
    for step in steps:
        place = place_of(moment, step)
        count = so_far.counts.get(place)
        before = count.value if count else Decimal(0)
        reason = _deaf(moment, step, theirs) or _stuck(moment, step, place, so_far)
        after = before if reason else _after(moment, step, count)
        verdicts.append(Verdict(step, place[1], reason, before, after))
    return verdicts


def complete(moment: Moment, verdicts: Sequence[Verdict], *, action_id: UUID) -> list[completions.Outcome]:
    """Complete the steps that reached their target, whose progress is written."""
    reached = [verdict for verdict in verdicts if verdict.completes]
    attempts = [
        Attempt(moment.business, moment.person, task.version.quest, task, moment.at, period, action_id)
        for task, period in sorted(((one.step.task, one.period) for one in reached), key=_in_order)
    ]
    # What the first ones complete may be news that completes the others, before it is their turn here.
    return [completions.finish(one) for number, one in enumerate(attempts) if not (number and one.done())]


def _in_order(reached: tuple[Task, str]) -> tuple[UUID, int]:
    return (reached[0].version_id, reached[0].position)


def counted(moment: Moment, verdict: Verdict) -> tuple[Place, Count]:
    """Where a step is that has moved, and how far."""
    run = verdict.step.run
    return (run.quest_id, verdict.period, verdict.step.key), Count(verdict.after, moment.day_for(run))


def place_of(moment: Moment, step: Step) -> Place:
    period = periods.period_of(step.run.recurrence, at=moment.at, zone=moment.zone_for(step.run))
    return (step.run.quest_id, period, step.key)


SO_FAR = """
    SELECT account_id, quest_id, period, task_key, value, last_day FROM loyalty_taskprogress
    WHERE business_id = %(business)s AND account_id = ANY (%(people)s) AND quest_id = ANY (%(quests)s)
        AND period = ANY (%(periods)s)
    UNION ALL
    SELECT account_id, quest_id, period, task_key, NULL, NULL FROM loyalty_taskcompletion
    WHERE business_id = %(business)s AND account_id = ANY (%(people)s) AND quest_id = ANY (%(quests)s)
        AND period = ANY (%(periods)s)
"""


def read(moments: Sequence[Moment], steps: Sequence[Step], *, business: Business) -> Mapping[UUID, SoFar]:
    """How far everybody is now in the quests of these steps: one query."""
    asked = {
        "business": business.pk,
        "people": [moment.person.pk for moment in moments],
        "quests": list({step.run.quest_id for step in steps}),
        "periods": list({place_of(moment, step)[1] for moment in moments for step in steps}),
    }
    cursor = database.prepared_cursor()
    cursor.execute(SO_FAR, asked)
    found = {moment.person.pk: SoFar() for moment in moments}
    for account_id, quest_id, period, key, value, day in cursor.fetchall():
        if day is None:
            found[account_id].done.add((quest_id, period, key))
        else:
            found[account_id].counts[quest_id, period, key] = Count(value, day)
    return found


def shut(moment: Moment, gate: Gate, asked: Iterable[Condition], theirs: set[str]) -> str | None:
    """Why something does not listen to this event of this person now."""
    if not gate.is_open(moment.at):
        return "outside_window"
    is_off = gate.tier_ids is not None and moment.person.tier_id not in gate.tier_ids
    if is_off or moment.person.tier_id in gate.excluded_tier_ids:
        return "other_tier"
    is_outside = gate.segment_keys and gate.segment_keys.isdisjoint(theirs)
    if is_outside or not gate.excluded_segment_keys.isdisjoint(theirs):
        return "other_segment"
    unmet = conditions.unmet(asked, moment.data)
    return f"condition:{unmet.field}" if unmet else None


def _deaf(moment: Moment, step: Step, theirs: set[str]) -> str | None:
    """Why the step does not listen to this event of this person now."""
    if moment.is_undeclared and not step.allow_undeclared:
        return "undeclared"
    reason = shut(moment, step.run, step.conditions, theirs)
    if reason is not None:
        return reason
    if step.measure == "sum" and conditions.number(moment.data.get(step.field)) is None:
        return f"no_number:{step.field}"
    return None


def _stuck(moment: Moment, step: Step, place: Place, so_far: SoFar) -> str | None:
    """Why it listens, and does not move."""
    quest_id, period, key = place
    count = so_far.counts.get(place)
    if place in so_far.done:
        return "done_before"
    earlier = step.run.order[: step.run.order.index(key)] if step.run.order else ()
    if any((quest_id, period, one) not in so_far.done for one in earlier):
        return "not_its_turn"
    counts_days = step.once_per_day or step.measure in ("days", "streak")
    # A zone that changed may have gone back to a day that was counted already.
    if counts_days and count is not None and count.day >= moment.day_for(step.run):
        return "counted_today"
    return None


def _after(moment: Moment, step: Step, count: Count | None) -> Decimal:
    before = count.value if count else Decimal(0)
    if step.measure == "streak" and count is not None and count.day != moment.day_for(step.run) - timedelta(days=1):
        return Decimal(1)
    added = Decimal(str(moment.data[step.field])) if step.measure == "sum" else Decimal(1)
    return max(-MOST, min(MOST, before + added)).quantize(Decimal("0.000001"))
