"""The tasks of a quest, one at a time: each change is a new version of its rules."""

import re
from uuid import UUID

from django.db import transaction

from loyalty.kernel.errors import DomainError, Invalid, NotFound
from loyalty.models import Business, Quest
from loyalty.selectors import quests as reads
from loyalty.services import naming, quest_rows, quests
from loyalty.services.quest_rules import MOST_TASKS, TaskRules

OF_A_TASK = re.compile(r"tasks\.\d+\.")


class TooManyTasks(Invalid):
    def __init__(self) -> None:
        super().__init__(f"A quest has at most {MOST_TASKS} tasks.", field="tasks")


@transaction.atomic
def add(*, business: Business, quest_id: UUID, task: TaskRules, place: int | None = None) -> Quest:
    """Add a task, at this place from 0, or behind the others.

    :raises NotFound: if the business has no such quest, or its programme not what the task names
    :raises quests.RulesInForce: if the quest is active
    :raises TooManyTasks: if it has as many as it may
    :raises Invalid: naming the field of the task that means nothing
    """
    tasks = _tasks(business, quest_id)
    if len(tasks) >= MOST_TASKS:
        raise TooManyTasks
    tasks.insert(len(tasks) if place is None else place, task)
    return _write(business, quest_id, tasks)


@transaction.atomic
def change(*, business: Business, quest_id: UUID, task: TaskRules, place: int | None = None) -> Quest:
    """Let the task with this one's key be this one, at its own place or another: progress stays.

    :raises NotFound: also if the quest has no such task
    :raises quests.RulesInForce, Invalid: as `add`
    """
    tasks = _tasks(business, quest_id)
    before = _place_of(tasks, task.key)
    tasks.pop(before)
    tasks.insert(before if place is None else place, task)
    return _write(business, quest_id, tasks)


@transaction.atomic
def remove(*, business: Business, quest_id: UUID, key: str) -> Quest:
    """Take a task away. Whoever comes back to one of its key finds their progress.

    :raises NotFound, quests.RulesInForce: as `change`
    :raises Invalid: if the quest needs more tasks than are left
    """
    tasks = _tasks(business, quest_id)
    tasks.pop(_place_of(tasks, key))
    return _write(business, quest_id, tasks)


def _tasks(business: Business, quest_id: UUID) -> list[TaskRules]:
    """As they are now; nobody else changes them meanwhile."""
    naming.lock(business)
    quest = Quest.objects.for_business(business).select_related("current").filter(pk=quest_id).first()
    if quest is None:
        raise NotFound("quest")
    return [quest_rows.task_rules(task) for task in reads.tasks_of(quest.current)]


def _place_of(tasks: list[TaskRules], key: str | None) -> int:
    for place, task in enumerate(tasks):
        if task.key == key:
            return place
    raise NotFound("task")


def _write(business: Business, quest_id: UUID, tasks: list[TaskRules]) -> Quest:
    try:
        return quests.update(business=business, quest_id=quest_id, texts={}, rules={"tasks": tasks})
    except DomainError as error:
        error.field = OF_A_TASK.sub("", error.field or "") or None
        raise
