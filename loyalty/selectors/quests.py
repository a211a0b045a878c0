"""Reads of quests: their steps, who has done which, and who may take part."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from loyalty.kernel.errors import NotFound
from loyalty.models import Business, Milestone, Quest, QuestVersion, Task, TaskCompletion
from loyalty.selectors import segments


def tasks_of(version: QuestVersion) -> list[Task]:
    """The steps of a version, in order."""
    return list(Task.objects.filter(business_id=version.business_id, version=version).order_by("position"))


def tasks_by_version(versions: Collection[QuestVersion], *, business: Business) -> Mapping[UUID, list[Task]]:
    """The steps of many versions, in order: one query."""
    found: dict[UUID, list[Task]] = defaultdict(list)
    rows = Task.objects.for_business(business).filter(version__in=versions)
    for task in rows.order_by("position"):
        found[task.version_id].append(task)
    return found


def task_in_force(quest: Quest, task_id: UUID) -> Task | None:
    """The step of the current version that `task_id`, of any version, is about."""
    steps = Task.objects.filter(business_id=quest.business_id)
    keys = steps.filter(pk=task_id, version__quest=quest).values("key")
    return steps.filter(version_id=quest.current_id, key__in=keys).first()


def task_named(*, business: Business, task_id: UUID) -> Task:
    """The step, of any version.

    :raises NotFound: if the business has none with this id
    """
    task = Task.objects.for_business(business).select_related("version").filter(pk=task_id).first()
    if task is None:
        raise NotFound("mission")
    return task


def done_keys(*, account_id: UUID, quest: Quest, period: str) -> set[str]:
    """The keys of the steps that somebody has completed in a period."""
    rows = TaskCompletion.objects.filter(business_id=quest.business_id, account_id=account_id)
    done = rows.filter(quest=quest, period=period)
    return set(done.values_list("task_key", flat=True))


def is_in_audience(*, business: Business, account_id: UUID, tier_id: UUID | None, version: QuestVersion) -> bool:
    """Whether a quest is for this person, by their tier and segments."""
    tier = _tier_key(business, tier_id) if version.tier_keys or version.excluded_tier_keys else None
    if (version.tier_keys and tier not in version.tier_keys) or tier in version.excluded_tier_keys:
        return False
    if not version.segment_keys and not version.excluded_segment_keys:
        return True
    theirs = set(segments.keys_of(business=business, account_ids=[account_id])[account_id])
    is_in = not version.segment_keys or _meet(theirs, version.segment_keys)
    return is_in and not _meet(theirs, version.excluded_segment_keys)


def _tier_key(business: Business, tier_id: UUID | None) -> str | None:
    if tier_id is None:
        return None
    return Milestone.objects.for_business(business).values_list("key", flat=True).get(pk=tier_id)


def _meet(some: set[str], others: Iterable[str]) -> bool:
    return not some.isdisjoint(others)
