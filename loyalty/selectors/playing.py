"""What a person may take part in, and how far they are: read for their own app."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

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
class Standing:
    """How far somebody is in one quest, in its present period."""

    is_completed: bool
    tasks_completed: Sequence[UUID]
    progress: Mapping[UUID, Decimal] = field(default_factory=dict)


def running(*, business: Business) -> list[Offered]:
    """The active quests, for whomever they are: two queries, without what no app is shown."""
    active = Quest.objects.for_business(business).filter(status=Quest.Status.ACTIVE).select_related("current")
    shown = active.defer("created_at", "updated_at", "current__created_at")
    quests = list(shown.order_by("created_at", "pk"))
    versions = [quest.current for quest in quests]
    tasks = reads.tasks_by_version(versions, business=business, without=["measure"])
    return [Offered(quest, tasks[quest.current_id]) for quest in quests]


def offered(*, business: Business, account: Account) -> list[Offered]:
    """The active quests that are for this person; a fixed number of queries."""
    audience = audience_of(account, business=business)
    return [offer for offer in running(business=business) if audience.has(offer.quest.current)]


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
        values = counted[place]
        found[offer.quest.pk] = Standing(
            is_completed=place in finished,
            tasks_completed=[task.pk for task in offer.tasks if task.key in done[place]],
            progress={task.pk: values.get(task.key, Decimal(0)) for task in offer.tasks if task.trigger},
        )
    return found


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a quest may be for, to be for this person."""

    tier: str | None
    segments: frozenset[str]

    def has(self, rules: QuestVersion) -> bool:
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


def _counted(business: Business, theirs: dict[str, object]) -> Mapping[tuple[UUID, str], dict[str, Decimal]]:
    rows = TaskProgress.objects.for_business(business).filter(**theirs)
    found: dict[tuple[UUID, str], dict[str, Decimal]] = defaultdict(dict)
    for quest_id, period, key, value in rows.values_list("quest_id", "period", "task_key", "value"):
        found[quest_id, period][key] = value
    return found
