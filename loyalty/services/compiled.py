"""A business's programme as the engine reads it: which steps and rules listen to which trigger.

Compiled once a process, and again when the engine's stamp has moved, which whoever evaluates reads together with the
lock of the account.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

import msgspec

from loyalty.models import Business, EarnRule, EventType, MilestoneSet, Quest, Segment, StampCard, Task
from loyalty.selectors import quests as reads
from loyalty.selectors.tiers import live_tiers
from loyalty.services import stamp_rules
from loyalty.services.earn_terms import Terms
from loyalty.services.ledger import POINTS
from loyalty.services.quest_rules import Condition
from loyalty.services.stamped import Stamped


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """When something runs, and for whom."""

    opens_at: datetime | None
    closes_at: datetime | None
    tier_ids: frozenset[UUID] | None  # None: for everyone
    segment_keys: frozenset[str]
    excluded_tier_ids: frozenset[UUID] = frozenset()
    excluded_segment_keys: frozenset[str] = frozenset()

    def is_open(self, at: datetime) -> bool:
        return (self.opens_at is None or self.opens_at <= at) and (self.closes_at is None or at < self.closes_at)

    @property
    def is_for_all(self) -> bool:
        is_limited = self.tier_ids is not None or self.segment_keys
        return not (is_limited or self.excluded_tier_ids or self.excluded_segment_keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Gate):
    """What all steps of a quest share: when it runs, for whom, and in which order."""

    quest_id: UUID
    recurrence: str
    zone: str  # whose days are counted: the programme's, or the user's own
    order: tuple[str, ...]  # the keys of the steps, where they go in order


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A step that counts events, as one programme has it: what is prepared for it is kept by it."""

    run: Run
    task: Task  # with its version and quest: what completing it is written by
    key: str
    conditions: tuple[Condition, ...]
    measure: str  # count, sum, days or streak
    field: str  # what `sum` adds up
    target: int
    once_per_day: bool
    allow_undeclared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Gate):
    """A rule that pays for events: points, or a stamp card's stamps."""

    rule_id: UUID
    key: str
    title: str
    version: int
    terms: Terms
    metric: str = POINTS
    cooldown: timedelta = timedelta()  # in which it pays nobody again, after it paid them this metric


@dataclass(frozen=True, slots=True)
class Declared:
    """An event of the programme's own."""

    origin: str
    per_day: int | None
    once_by_event_id: bool
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Programme:
    stamp: int
    steps: Mapping[str, Sequence[Step]]
    events: Mapping[str, Declared]
    rules: Mapping[str, Sequence[Rule]]
    multipliers: Mapping[UUID, Fraction]  # of the tiers that have one
    memberships: Mapping[str, Fraction]  # the same of memberships, by their keys
    bases: frozenset[str]  # what its ladders go by

    def hears(self, name: str) -> bool:
        """Whether anything listens to this name."""
        return name in self.steps or name in self.rules

    def without(self, rule_ids: Collection[UUID]) -> "Programme":
        """The same, but for these rules."""
        left = {name: [rule for rule in rules if rule.rule_id not in rule_ids] for name, rules in self.rules.items()}
        return replace(self, rules={name: rules for name, rules in left.items() if rules})


def of(business: Business) -> Programme:
    """The programme at the stamp of `business`, which was read just now."""
    return _programmes.of(business)


def recent(business: Business) -> Programme:
    """The programme that this process saw last: for guesses that are checked against the stamp."""
    return _programmes.recent(business)


def afresh(business: Business) -> Programme:
    """The programme as this transaction sees it, which nobody else will."""
    return _compile(business, business.engine_stamp)


def _compile(business: Business, stamp: int) -> Programme:
    declared = EventType.objects.for_business(business).filter(archived_at=None)
    tiers = list(live_tiers(business))
    ids = {tier.key: tier.pk for tier in tiers}
    ladders = MilestoneSet.objects.for_business(business).filter(archived_at=None)
    memberships = Segment.objects.for_business(business).filter(archived_at=None, is_membership=True)
    multipliers = {tier.pk: Fraction(tier.multiplier_top, tier.multiplier_bottom) for tier in tiers}
    return Programme(
        stamp=stamp,
        steps=_steps(business, ids),
        events={one.name: Declared(one.origin, one.per_day, one.once_by_event_id, one.carries) for one in declared},
        rules=_rules(business, ids),
        multipliers={pk: factor for pk, factor in multipliers.items() if factor != 1},
        memberships={each.key: each.multiplier for each in memberships if each.multiplier != 1},
        bases=frozenset(ladders.values_list("basis", flat=True)),
    )


_programmes = Stamped(_compile)


def _rules(business: Business, tiers: Mapping[str, UUID]) -> Mapping[str, Sequence[Rule]]:
    """Active rules by trigger, the most important first."""
    active = EarnRule.objects.for_business(business).filter(status=EarnRule.Status.ACTIVE).select_related("current")
    rules = [*(_rule(row, tiers) for row in active), *_stamping(business)]
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in sorted(rules, key=lambda rule: (-rule.terms.priority, rule.key)):
        found[rule.terms.trigger].append(rule)
    return dict(found)


def _rule(row: EarnRule, tiers: Mapping[str, UUID]) -> Rule:
    terms = msgspec.convert(row.current.terms, Terms)
    return Rule(
        rule_id=row.pk,
        key=row.key,
        title=row.title,
        version=row.current.number,
        terms=terms,
        opens_at=terms.window.from_,
        closes_at=terms.window.to,
        tier_ids=_tier_ids(terms.audience.tiers, tiers),
        segment_keys=frozenset(terms.audience.segments),
        excluded_tier_ids=_tier_ids(terms.audience.exclude_tiers, tiers) or frozenset(),
        excluded_segment_keys=frozenset(terms.audience.exclude_segments),
    )


def _stamping(business: Business) -> Iterator[Rule]:
    """What gives the stamps of each card, as rules that pay their metrics."""
    cards = StampCard.objects.for_business(business).filter(archived_at=None, status=StampCard.Status.ACTIVE)
    for card in cards.select_related("metric"):
        yield Rule(
            rule_id=card.pk,
            key=card.key,
            title=card.title,
            version=card.version,
            terms=stamp_rules.terms_of(msgspec.convert(card.stamp, stamp_rules.Stamp)),
            metric=card.metric.key,
            cooldown=timedelta(hours=card.cooldown_hours),
            opens_at=None,
            closes_at=None,
            tier_ids=None,
            segment_keys=frozenset(),
        )


def _tier_ids(keys: Sequence[str], tiers: Mapping[str, UUID]) -> frozenset[UUID] | None:
    return frozenset(tiers[key] for key in keys if key in tiers) if keys else None


def _steps(business: Business, tiers: Mapping[str, UUID]) -> Mapping[str, Sequence[Step]]:
    active = Quest.objects.for_business(business).filter(status=Quest.Status.ACTIVE).select_related("current")
    quests = list(active.order_by("pk"))
    tasks = reads.tasks_by_version([quest.current for quest in quests], business=business)
    found: dict[str, list[Step]] = defaultdict(list)
    for quest in quests:
        quest.current.quest, steps = quest, tasks[quest.current_id]
        run = _run(quest, tiers, order=tuple(task.key for task in steps) if quest.current.ordered else ())
        for task in steps:
            if task.trigger:
                task.version = quest.current
                is_sum = isinstance(task.measure, dict)
                step = Step(
                    run=run,
                    task=task,
                    key=task.key,
                    conditions=tuple(msgspec.convert(task.conditions, list[Condition])),
                    measure="sum" if is_sum else task.measure,
                    field=task.measure["sum"] if is_sum else "",
                    target=task.target,
                    once_per_day=task.once_per_day,
                    allow_undeclared=task.allow_undeclared,
                )
                found[task.trigger].append(step)
    return dict(found)


def _run(quest: Quest, tiers: Mapping[str, UUID], *, order: tuple[str, ...]) -> Run:
    rules = quest.current
    return Run(
        quest_id=quest.pk,
        opens_at=rules.window_from,
        closes_at=rules.window_to,
        recurrence=rules.recurrence,
        zone=rules.zone,
        tier_ids=_tier_ids(rules.tier_keys, tiers),
        segment_keys=frozenset(rules.segment_keys),
        excluded_tier_ids=_tier_ids(rules.excluded_tier_keys, tiers) or frozenset(),
        excluded_segment_keys=frozenset(rules.excluded_segment_keys),
        order=order,
    )
