"""What a person may take part in, and how far they are: read for their own app."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef
from django.db.models.functions import JSONObject

from loyalty.kernel import clock
from loyalty.models import (
    Account,
    Business,
    Quest,
    QuestCompletion,
    QuestVersion,
    Task,
    TaskCompletion,
    TaskProgress,
)
from loyalty.selectors import quests as reads
from loyalty.selectors import segments


@dataclass(frozen=True, slots=True)
class Offered:
    """A quest that runs, with the steps of the version in force."""

    quest: Quest
    tasks: Sequence[Task]


@dataclass(frozen=True, slots=True)
class Shown:
    """What an app is shown of a quest before anybody plays: its texts, and the rules of the version in force."""

    id: UUID
    key: str
    title: str
    subtitle: str
    window_from: datetime | None
    window_to: datetime | None
    show_in_ui: bool
    show_in_profile: bool
    show_in_rail: bool
    notification: Mapping[str, Any]
    benefits: Sequence[Mapping[str, Any]]
    tier_keys: Sequence[str]
    segment_keys: Sequence[str]
    excluded_tier_keys: Sequence[str]
    excluded_segment_keys: Sequence[str]
    tasks: Sequence[Mapping[str, Any]]  # id, key, title, type, notification; in order

    def is_over(self, *, at: datetime) -> bool:
        return self.window_to is not None and self.window_to <= at


_STEP = ("id", "key", "title", "type", "notification")
_RULES = [field.name for field in fields(Shown) if field.name not in {"id", "key", "title", "subtitle", "tasks"}]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far somebody is in one quest, in its present period."""

    is_completed: bool
    tasks_completed: Sequence[UUID]
    progress: Mapping[UUID, Decimal] = field(default_factory=dict)


class Count(NamedTuple):
    """How far a step has come, and on which day last."""

    value: Decimal
    last_day: date


def shown(*, business: Business) -> list[Shown]:
    """The active quests, for whomever they are: one query, which makes no models of what may be many."""
    active = Quest.objects.for_business(business).filter(status=Quest.Status.ACTIVE)
    steps = Task.objects.for_business(business).filter(version=OuterRef("current")).order_by("position")
    rows = active.order_by("created_at", "pk").values(
        *("id", "key", "title", "subtitle"),
        **{name: F(f"current__{name}") for name in _RULES},
        tasks=ArraySubquery(steps.values_list(JSONObject(**{name: name for name in _STEP}))),
    )
    return [Shown(**row) for row in rows]


def offered(*, business: Business, account: Account) -> list[Offered]:
    """The active quests that are for this person; a fixed number of queries."""
    audience = audience_of(account, business=business)
    active = Quest.objects.for_business(business).filter(status=Quest.Status.ACTIVE).select_related("current")
    quests = list(active.order_by("created_at", "pk"))
    tasks = reads.tasks_by_version([quest.current for quest in quests], business=business)
    offers = [Offered(quest, tasks[quest.current_id]) for quest in quests]
    return [offer for offer in offers if audience.has(offer.quest.current)]


def standings(offers: Sequence[Offered], *, business: Business, account: Account) -> Mapping[UUID, Standing]:
    """How far somebody is in each of these quests: three queries."""
    at = clock.now(business)
    now = {o.quest.pk: o.quest.current.period_at(at, business=business, account=account) for o in offers}
    theirs = {"account": account, "quest__in": list(now)}
    completed = QuestCompletion.objects.for_business(business).filter(**theirs)
    finished = set(completed.values_list("quest_id", "period"))
    done, counted = _done(business, theirs), _counted(business, theirs)
    found = {}
    for offer in offers:
        place = (offer.quest.pk, now[offer.quest.pk])
        keys, counts = done[place], counted[place]
        today = offer.quest.current.day_at(at, business=business, account=account)
        found[offer.quest.pk] = Standing(
            is_completed=place in finished,
            tasks_completed=[task.pk for task in offer.tasks if task.key in keys],
            progress={
                task.pk: _value(task, counts.get(task.key), is_done=task.key in keys, today=today)
                for task in offer.tasks
                if task.trigger
            },
        )
    return found


def _value(task: Task, count: Count | None, *, is_done: bool, today: date) -> Decimal:
    """How far a step has come. A streak is over as soon as a day was missed."""
    if count is None:
        return Decimal(0)
    is_over = task.measure == "streak" and not is_done and count.last_day < today - timedelta(days=1)
    return Decimal(0) if is_over else count.value


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a quest may be for, to be for this person."""

    tier: str | None
    segments: frozenset[str]

    def has(self, rules: QuestVersion | Shown) -> bool:
        is_in_tier = not rules.tier_keys or self.tier in rules.tier_keys
        is_in_tier = is_in_tier and self.tier not in rules.excluded_tier_keys
        is_in_segment = not rules.segment_keys or not self.segments.isdisjoint(rules.segment_keys)
        return is_in_tier and is_in_segment and self.segments.isdisjoint(rules.excluded_segment_keys)


def audience_of(account: Account | None, *, business: Business) -> Audience:
    """Nobody in particular is in no tier and no segment."""
    if account is None:
        return Audience(None, frozenset())
    theirs = segments.keys_of(business=business, account_ids=[account.pk])[account.pk]
    return Audience(account.tier.key if account.tier else None, frozenset(theirs))


def _done(business: Business, theirs: dict[str, object]) -> Mapping[tuple[UUID, str], set[str]]:
    rows = TaskCompletion.objects.for_business(business).filter(**theirs)
    found: dict[tuple[UUID, str], set[str]] = defaultdict(set)
    for quest_id, period, key in rows.values_list("quest_id", "period", "task_key"):
        found[quest_id, period].add(key)
    return found


def _counted(business: Business, theirs: dict[str, object]) -> Mapping[tuple[UUID, str], dict[str, Count]]:
    rows = TaskProgress.objects.for_business(business).filter(**theirs)
    found: dict[tuple[UUID, str], dict[str, Count]] = defaultdict(dict)
    for quest_id, period, key, value, day in rows.values_list("quest_id", "period", "task_key", "value", "last_day"):
        found[quest_id, period][key] = Count(value, day)
    return found
