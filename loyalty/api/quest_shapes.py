"""Quests, tasks and completions as callers send and see them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType, structs

from loyalty.api import examples
from loyalty.api.paging import NumberedPage, NumberedQuery
from loyalty.api.parsing import Body
from loyalty.api.views import Shape
from loyalty.kernel.errors import DomainError, Invalid
from loyalty.models import Quest, Task
from loyalty.services import quest_rows, quests
from loyalty.services.completions import Outcome
from loyalty.services.quest_rules import (
    MOST_TASKS,
    Audience,
    Benefits,
    Condition,
    Key,
    LongText,
    Measure,
    Notification,
    Quantity,
    Recurrence,
    Rules,
    ShortText,
    TaskRules,
    Title,
    Window,
    Zone,
    in_points,
)

Status = Literal["draft", "active", "paused", "completed", "archived"]
Required = Annotated[int, Meta(ge=1, le=MOST_TASKS)] | Literal["all"]


class QuestReward(Body):
    """What completing a quest gives: `points` is short for a benefit of so many points."""

    points: Quantity | None = None
    benefits: Benefits = []

    def written_out(self) -> list[dict[str, Any]]:
        return [*self.benefits, *([] if self.points is None else [in_points(self.points)])]


class QuestFields(Body):
    """What may be said of a quest; what is left out stays as it is."""

    key: Key | UnsetType = UNSET
    title: Title | UnsetType = UNSET
    subtitle: ShortText | UnsetType = UNSET
    description: LongText | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    window: Window | UnsetType = UNSET
    recurrence: Recurrence | UnsetType = UNSET
    zone: Zone | UnsetType = UNSET
    audience: Audience | UnsetType = UNSET
    auto_claim: bool | UnsetType = UNSET
    required: Required | UnsetType = UNSET
    ordered: bool | UnsetType = UNSET
    show_in_profile: bool | UnsetType = UNSET
    show_in_rail: bool | UnsetType = UNSET
    notification: Notification | UnsetType = UNSET
    benefits: Benefits | UnsetType = UNSET
    task_benefits: bool | UnsetType = UNSET
    reward: QuestReward | UnsetType = UNSET
    tasks: Annotated[list[TaskRules], Meta(max_length=MOST_TASKS)] | UnsetType = UNSET

    def texts(self) -> quests.Texts:
        sent = {name: getattr(self, name) for name in quests.TEXTS}
        return cast("quests.Texts", {name: given for name, given in sent.items() if given is not UNSET})

    def rules(self) -> dict[str, Any]:
        """The fields of `Rules` that were sent."""
        sent = {name: getattr(self, name) for name in quests.RULES}
        found = {name: given for name, given in sent.items() if given is not UNSET}
        if self.reward is not UNSET:
            found["benefits"] = self.reward.written_out()
        return found

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Let refusals name `reward`, where that is how the caller spelled the benefits.

        :raises Invalid: if both are given
        """
        if self.reward is not UNSET and self.benefits is not UNSET:
            raise Invalid("reward and benefits are the same. Give one of them.", field="reward")
        try:
            yield
        except DomainError as error:
            head, dot, rest = (error.field or "").partition(".")
            if head == "benefits" and self.reward is not UNSET:
                error.field = f"reward.benefits{dot}{rest}"
            raise


class NewQuest(QuestFields, kw_only=True):
    title: Title

    def all_rules(self) -> Rules:
        return Rules(**self.rules())


class ListQuests(NumberedQuery):
    status: Status | None = None


class NewCompletion(Body):
    advocate_id: UUID
    task_id: UUID


class QuestShape(Shape):
    example = examples.QUEST

    id: UUID
    key: str
    title: str
    subtitle: str
    description: str
    status: str
    window: Window
    recurrence: str
    zone: str
    audience: Audience
    auto_claim: bool
    required: int | str
    ordered: bool
    show_in_profile: bool
    show_in_rail: bool
    notification: Notification
    benefits: list[dict[str, Any]]
    task_benefits: bool
    version: int
    created_at: datetime
    updated_at: datetime


class TaskShape(Shape):
    example = examples.TASK

    id: UUID
    key: str | None
    title: str
    description: str
    type: str
    trigger: str | None
    conditions: list[Condition]
    measure: Measure
    target: int
    once_per_day: bool
    allow_undeclared: bool
    benefits: list[dict[str, Any]]
    notification: Notification


class CompletionShape(Shape):
    """That somebody did a task. `questCompleted`: it was the one that completed the quest."""

    example = examples.COMPLETION

    id: UUID
    quest_id: UUID
    task_id: UUID
    advocate_id: UUID
    quest_completed: bool
    completed_at: datetime


class OneQuest(Shape):
    quest: QuestShape


class QuestWithTasks(Shape):
    quest: QuestShape
    tasks: list[TaskShape]


class QuestPage(Shape):
    quests: list[QuestShape]
    total: int
    total_is_capped: bool
    page: int
    next_cursor: str | None


class OneCompletion(Shape):
    example = examples.COMPLETED

    completion: CompletionShape
    points_awarded: int
    already_completed: bool


def quest(row: Quest) -> QuestShape:
    rules = structs.asdict(quest_rows.rules_of(row.current, []))
    del rules["tasks"]
    return QuestShape(
        id=row.pk,
        key=row.key,
        title=row.title,
        subtitle=row.subtitle,
        description=row.description,
        status=row.status,
        **rules,
        version=row.current.number,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def task(row: Task) -> TaskShape:
    rules = structs.asdict(quest_rows.task_rules(row))
    del rules["points"]
    return TaskShape(id=row.pk, **rules)


def quest_page(page: NumberedPage[Quest]) -> QuestPage:
    return QuestPage(
        quests=[quest(row) for row in page.items],
        total=page.total,
        total_is_capped=page.total_is_capped,
        page=page.page,
        next_cursor=page.next_cursor,
    )


def completion(outcome: Outcome) -> OneCompletion:
    done = outcome.completion
    return OneCompletion(
        completion=CompletionShape(
            id=done.pk,
            quest_id=done.quest_id,
            task_id=done.task_id,
            advocate_id=done.account_id,
            quest_completed=outcome.completed_quest,
            completed_at=done.completed_at,
        ),
        points_awarded=outcome.points,
        already_completed=outcome.is_repeat,
    )
