"""How an event moves the steps that listen to it: judged first, without writing; then written, all in one step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from loyalty.kernel import ids, periods
from loyalty.models import Account, Business, Task, TaskCompletion, TaskProgress
from loyalty.selectors import segments
from loyalty.services import completions, conditions
from loyalty.services.compiled import Gate, Run, Step
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


@dataclass(frozen=True, slots=True)
class SoFar:
    """How far somebody has come, and which steps are done."""

    rows: Mapping[Place, TaskProgress]
    done: set[Place]


@dataclass(frozen=True, slots=True)
class Moment:
    """An event in front of a person whose account is locked."""

    business: Business
    account: Account
    data: Mapping[str, Any]
    at: datetime
    is_undeclared: bool = False  # an app made up its name

    @property
    def day(self) -> date:
        return periods.day_of(self.at, zone=self.business.timezone)

    def zone_for(self, run: Run) -> str:
        return periods.zone_for(run.zone, programme=self.business.timezone, user=self.account.timezone)

    def day_for(self, run: Run) -> date:
        """Its day, as a quest counts days for this person."""
        return periods.day_of(self.at, zone=self.zone_for(run))


def judge(moment: Moment, steps: Sequence[Step]) -> list[Verdict]:
    """What the event does to each step. It reads what the person has done, and writes nothing."""
    theirs = segments_for(moment, [step.run for step in steps])
    places = {step.task_id: _place(moment, step) for step in steps}
    so_far = _so_far(moment, places.values())
    verdicts = []
    for step in steps:
        place = places[step.task_id]
        row = so_far.rows.get(place)
        before = row.value if row else Decimal(0)
        reason = _deaf(moment, step, theirs) or _stuck(moment, step, place, so_far)
        after = before if reason else _after(moment, step, row)
        verdicts.append(Verdict(step, place[1], reason, before, after))
    return verdicts


def advance(moment: Moment, verdicts: Sequence[Verdict]) -> list[completions.Outcome]:
    """Write what was judged, and complete the steps that reached their target."""
    moved = [verdict for verdict in verdicts if verdict.moves]
    TaskProgress.objects.bulk_create(
        (_row(moment, verdict) for verdict in moved),
        update_conflicts=True,
        unique_fields=["business", "account", "quest", "period", "task_key"],
        update_fields=["value", "last_day"],
    )
    reached = {verdict.step.task_id: verdict for verdict in moved if verdict.completes}
    if not reached:
        return []
    tasks = Task.objects.for_business(moment.business).select_related("version__quest").filter(pk__in=reached)
    attempts = [
        Attempt(moment.business, moment.account, task.version.quest, task, moment.at, reached[task.pk].period)
        for task in tasks.order_by("version_id", "position")
    ]
    # What the first ones complete may be news that completes the others, before it is their turn here.
    return [completions.finish(one) for number, one in enumerate(attempts) if not (number and one.done())]


def segments_for(moment: Moment, gates: Iterable[Gate]) -> set[str]:
    """The segments of the person, if any of the gates asks for some."""
    if not any(gate.segment_keys or gate.excluded_segment_keys for gate in gates):
        return set()
    return set(segments.keys_of(business=moment.business, account_ids=[moment.account.pk])[moment.account.pk])


def _place(moment: Moment, step: Step) -> Place:
    period = periods.period_of(step.run.recurrence, at=moment.at, zone=moment.zone_for(step.run))
    return (step.run.quest_id, period, step.key)


def _so_far(moment: Moment, places: Iterable[Place]) -> SoFar:
    """What the person has done in the quests of these places: two queries."""
    theirs = {"account": moment.account, "quest_id__in": {place[0] for place in places}}
    rows = TaskProgress.objects.for_business(moment.business).filter(**theirs)
    done = TaskCompletion.objects.for_business(moment.business).filter(**theirs)
    return SoFar(
        {(row.quest_id, row.period, row.task_key): row for row in rows},
        set(done.values_list("quest_id", "period", "task_key")),
    )


def shut(moment: Moment, gate: Gate, asked: Iterable[Condition], theirs: set[str]) -> str | None:
    """Why something does not listen to this event of this person now."""
    if (gate.opens_at and moment.at < gate.opens_at) or (gate.closes_at and moment.at >= gate.closes_at):
        return "outside_window"
    if gate.tier_ids is not None and moment.account.tier_id not in gate.tier_ids:
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
    row = so_far.rows.get(place)
    if place in so_far.done:
        return "done_before"
    earlier = step.run.order[: step.run.order.index(key)] if step.run.order else ()
    if any((quest_id, period, one) not in so_far.done for one in earlier):
        return "not_its_turn"
    counts_days = step.once_per_day or step.measure in ("days", "streak")
    # A zone that changed may have gone back to a day that was counted already.
    if counts_days and row is not None and row.last_day >= moment.day_for(step.run):
        return "counted_today"
    return None


def _after(moment: Moment, step: Step, row: TaskProgress | None) -> Decimal:
    before = row.value if row else Decimal(0)
    if step.measure == "streak" and row is not None and row.last_day != moment.day_for(step.run) - timedelta(days=1):
        return Decimal(1)
    added = Decimal(str(moment.data[step.field])) if step.measure == "sum" else Decimal(1)
    return max(-MOST, min(MOST, before + added)).quantize(Decimal("0.000001"))


def _row(moment: Moment, verdict: Verdict) -> TaskProgress:
    return TaskProgress(
        id=ids.new_id(),
        business=moment.business,
        account=moment.account,
        quest_id=verdict.step.run.quest_id,
        period=verdict.period,
        task_key=verdict.step.key,
        value=verdict.after,
        last_day=moment.day_for(verdict.step.run),
    )
