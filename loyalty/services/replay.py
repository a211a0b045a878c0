"""Judging again what people did, by a draft of the programme: with the engine's own judgement, and writing nothing.

Everybody starts as they stood when the window opened, with the steps that they had done by then. What was half done
begins anew; budgets are whole, and used up person by person.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from loyalty.kernel import points
from loyalty.models import Account, Business, EarnRule, Metric, Milestone, MilestoneSet, Quest, Task
from loyalty.selectors import history, segments
from loyalty.selectors.history import Happened, Standing, Window
from loyalty.services import actions, app_word, benefits, bounds, compiled, payouts, progress, reports
from loyalty.services.bounds import Bounds, Use
from loyalty.services.compiled import Programme, Rule
from loyalty.services.ledger import POINTS
from loyalty.services.people import Person
from loyalty.services.programme import Document, imagined
from loyalty.services.progress import Moment, SoFar, Verdict
from loyalty.services.reports import Origin, Report

DRIVEN = {MilestoneSet.Basis.BALANCE, MilestoneSet.Basis.LIFETIME_EARNED, MilestoneSet.Basis.PERIOD_EARNED}
TOLD = frozenset(trigger for trigger, _ in actions.TRIGGERS.values())


@dataclass(frozen=True, slots=True)
class Ladder:
    """The tiers of the draft. `is_driven`: points that are earned move people on it."""

    metric: str
    basis: str
    is_driven: bool
    steps: Sequence[Milestone]  # lowest first

    def at(self, value: int) -> Milestone | None:
        place = bisect_right([step.threshold for step in self.steps], value)
        return self.steps[place - 1] if place else None


class Name(NamedTuple):
    """What pays. A draft's new rules have other ids whenever it is compiled; their keys stay."""

    kind: str  # rule or quest
    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as the engine reads it, with what people are called by that it names."""

    business: Business
    programme: Programme
    ladder: Ladder
    most: int  # points that somebody can have
    tasks: Mapping[UUID, int]  # of each version of a quest
    names: Mapping[UUID, Name]  # of each rule and quest, also of those that it archives

    @property
    def limited(self) -> list[Rule]:
        return [rule for rules in self.programme.rules.values() for rule in rules if rule.terms.limit.times]


def compile_draft(*, business: Business, document: Document) -> Draft:
    """:raises Invalid: naming the path of what the document says wrong"""
    with imagined(business=business, document=document) as then:
        programme = compiled.afresh(then)
        versions = {step.task.version_id for steps in programme.steps.values() for step in steps}
        rows = Task.objects.for_business(then).filter(version__in=versions).values_list("version_id", flat=True)
        metric = Metric.objects.for_business(then).get(key=POINTS)
        return Draft(
            business=then,
            programme=programme,
            ladder=_ladder(then),
            most=metric.maximum or points.MAX_BALANCE,
            tasks=Counter(rows),
            names=_names(then),
        )


def _ladder(business: Business) -> Ladder:
    tiers = MilestoneSet.objects.for_business(business).filter(is_tier=True, archived_at=None)
    found = tiers.select_related("metric").first()
    if found is None:
        return Ladder(POINTS, MilestoneSet.Basis.LIFETIME_EARNED, is_driven=False, steps=())
    steps = Milestone.objects.for_business(business).filter(set=found, archived_at=None).order_by("threshold")
    is_driven = found.metric.key == POINTS and found.basis in DRIVEN
    return Ladder(found.metric.key, found.basis, is_driven, list(steps))


def _names(business: Business) -> dict[UUID, Name]:
    rules = EarnRule.objects.for_business(business).values_list("pk", "key", "title")
    quests = Quest.objects.for_business(business).values_list("pk", "key", "title")
    return {pk: Name("rule", key, title) for pk, key, title in rules} | {
        pk: Name("quest", key, title) for pk, key, title in quests
    }


class Imagined(Bounds):
    """Bounds that are kept in memory, and bind nobody else."""

    def __init__(self, business: Business, spent: Counter[str]) -> None:
        super().__init__(business, (), ())
        self.uses: Counter[Use] = Counter()
        self.rooms: dict[UUID, int] = {}
        self._given = spent

    def times(self, moment: Moment, rule: Rule) -> int:
        return self.uses[bounds.use_of(moment, rule)]

    def room(self, moment: Moment) -> int:
        return max(0, self.rooms[moment.person.pk])

    def left(self, rule: Rule) -> int:
        return (rule.terms.budget or 0) - self._given[rule.key]

    def hold(self, rules: Iterable[Rule]) -> None:
        """Nobody else spends them."""

    def take(self, moment: Moment, rule: Rule, points: int) -> None:
        self.uses[bounds.use_of(moment, rule)] += 1
        self._given[rule.key] += points
        self.rooms[moment.person.pk] -= points

    def spent(self, rules: Iterable[Rule]) -> set[UUID]:
        return {rule.rule_id for rule in rules if rule.terms.budget and self.left(rule) <= 0}


@dataclass(slots=True)
class Life:
    """One person in the window: how far they are under the draft, and what that has paid them."""

    person: Person
    standing: Standing
    value: int
    theirs: set[str]
    so_far: SoFar = field(default_factory=SoFar)
    today: Counter[tuple[str, str]] = field(default_factory=Counter)
    points: int = 0


@dataclass(slots=True)
class Came:
    """What somebody would have been paid: points and times by rule and quest, and on which tier they would be."""

    account_id: UUID
    points: int
    by: dict[Name, tuple[int, int]]
    tier_before: str | None
    tier: str | None


class Replay:
    """Of a draft, over a window. `spent` is what rules have paid so far, by their keys, and goes on."""

    def __init__(self, draft: Draft, window: Window, spent: Counter[str]) -> None:
        self._draft, self._window = draft, window
        self._programme = draft.programme
        self._bounds = Imagined(draft.business, spent)

    def of(self, people: Sequence[Account], earned: Mapping[UUID, int]) -> Iterator[Came]:
        """What would have come of all that these people did. Within a transaction.

        :param earned: what each of them was paid in the window
        """
        lives = self._lives(people, earned)
        came: dict[UUID, Counter[tuple[UUID, str]]] = {pk: Counter() for pk in lives}
        for one in history.happened(
            business=self._draft.business,
            account_ids=lives.keys(),
            window=self._window,
            told=TOLD,
            topics=actions.TRIGGERS,
        ):
            report = _report(one)
            if report is not None:
                self._take(lives[one.account_id], report, one.at, came[one.account_id])
        for pk, life in lives.items():
            yield self._came(life, came[pk])

    def _came(self, life: Life, counted: Counter[tuple[UUID, str]]) -> Came:
        names = self._draft.names
        by = {names[pk]: (counted[pk, "points"], counted[pk, "times"]) for pk, _ in counted}
        tier = self._tier(life)
        return Came(life.person.pk, life.points, by, life.standing.tier, tier.key if tier else None)

    def _lives(self, people: Sequence[Account], earned: Mapping[UUID, int]) -> dict[UUID, Life]:
        draft, ids = self._draft, [account.pk for account in people]
        ladder = draft.ladder
        theirs = segments.keys_of(business=draft.business, account_ids=ids)
        standings = history.standings(
            business=draft.business, account_ids=ids, basis=ladder.basis, metric=ladder.metric
        )
        lives = {}
        for account in people:
            standing, before = standings[account.pk], earned.get(account.pk, 0)
            value = standing.value - (before if ladder.is_driven else 0)
            life = Life(Person.of(account), standing, max(0, value), set(theirs.get(account.pk, ())))
            self._bounds.rooms[account.pk] = draft.most - standing.balance + before
            lives[account.pk] = life
            self._place(life)
        self._remember(lives)
        return lives

    def _remember(self, lives: Mapping[UUID, Life]) -> None:
        """What these people had done when the window opened, and what rules with a limit had paid them."""
        business, start = self._draft.business, self._window.start
        counted = {(step.run.quest_id, step.key) for steps in self._programme.steps.values() for step in steps}
        for pk, quest_id, period, key, at in history.done(
            business=business, account_ids=lives.keys(), before=self._window.end
        ):
            if at < start or (quest_id, key) not in counted:  # steps that no event completes stay done
                lives[pk].so_far.done.add((quest_id, period, key))
        limited = {rule.rule_id: rule for rule in self._draft.limited}
        if limited:
            for pk, rule_id, at in history.paid_before(
                business=business, account_ids=lives.keys(), rule_ids=limited.keys(), at=start
            ):
                moment = Moment(business, lives[pk].person, {}, at)
                self._bounds.uses[bounds.use_of(moment, limited[rule_id])] += 1

    def _take(self, life: Life, report: Report, at: datetime, counted: Counter[tuple[UUID, str]]) -> None:
        programme = self._programme
        if (
            not programme.hears(report.name)
            or reports.objection(report, programme)
            or self._is_capped(life, report, at)
        ):
            return
        is_undeclared = app_word.is_undeclared(report.name, origin=report.origin, programme=programme)
        moment = Moment(self._draft.business, life.person, report.data, at, is_undeclared)
        verdicts = progress.judge(moment, programme.steps.get(report.name, ()), life.so_far, life.theirs)
        for verdict in verdicts:
            if verdict.moves:
                place, count = progress.counted(moment, verdict)
                life.so_far.counts[place] = count
        for verdict in verdicts:
            if verdict.completes:
                self._complete(life, verdict, counted)
        self._pay(life, moment, report.name, counted)

    def _is_capped(self, life: Life, report: Report, at: datetime) -> bool:
        """Whether the draft counts no more of these events on this day."""
        declared = self._programme.events.get(report.name)
        if declared is None or declared.per_day is None:
            return False
        day = (report.name, str(Moment(self._draft.business, life.person, {}, at).day))
        life.today[day] += 1
        return life.today[day] > declared.per_day

    def _complete(self, life: Life, verdict: Verdict, counted: Counter[tuple[UUID, str]]) -> None:
        step = verdict.step
        quest_id, period, version = step.run.quest_id, verdict.period, step.task.version
        life.so_far.done.add((quest_id, period, step.key))
        given = benefits.points_of(step.task.benefits) if version.task_benefits else 0
        done = sum(place[:2] == (quest_id, period) for place in life.so_far.done)
        if done == (version.required or self._draft.tasks[version.pk]):
            given += benefits.points_of(version.benefits)
            counted[quest_id, "times"] += 1
        given = min(given, max(0, self._bounds.rooms[life.person.pk]))
        self._bounds.rooms[life.person.pk] -= given
        counted[quest_id, "points"] += given
        self._give(life, given)

    def _pay(self, life: Life, moment: Moment, name: str, counted: Counter[tuple[UUID, str]]) -> None:
        rules = [rule for rule in self._programme.rules.get(name, ()) if rule.metric == POINTS]  # stamps are none
        if not rules:
            return
        judged = payouts.judge(moment, self._programme, rules, life.theirs)
        paid, used_up = payouts.bound(moment, judged, self._bounds)
        for payout in paid:
            if payout.pays:
                counted[payout.rule.rule_id, "points"] += payout.points
                counted[payout.rule.rule_id, "times"] += 1
                self._give(life, payout.points)
        if used_up:
            self._programme = self._programme.without(used_up)

    def _give(self, life: Life, given: int) -> None:
        life.points += given
        if self._draft.ladder.is_driven:
            life.value += given
            self._place(life)

    def _place(self, life: Life) -> None:
        tier = self._tier(life)
        life.person.tier_id = tier.pk if tier else None

    def _tier(self, life: Life) -> Milestone | None:
        """Where the draft puts them. A tier that was given by hand stays, while the draft has it."""
        ladder = self._draft.ladder
        if life.standing.is_manual:
            with suppress(StopIteration):
                return next(step for step in ladder.steps if step.key == life.standing.tier)
        return ladder.at(life.value)


def _report(one: Happened) -> Report | None:
    """What was done as the engine hears it; None, where the house tells of something else under the same topic."""
    name = one.name
    if one.topic is not None:
        name, asked = actions.TRIGGERS[one.topic]
        if not asked.items() <= one.data.items():
            return None
    assert name is not None  # either of the two
    origin: Origin = "client" if one.origin == "client" else "server"
    return Report(account_id=one.account_id, name=name, data=one.data, origin=origin)
