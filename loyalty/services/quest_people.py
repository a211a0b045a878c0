"""What quests hold of a person: what they handed in, what they have done, and how far they are."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from django.db.models import Exists, OuterRef

from loyalty.models import (
    Action,
    Admission,
    Arrival,
    Business,
    EarnRuleUse,
    HoldAccrual,
    QuestCompletion,
    StampReward,
    Submission,
    TapMeter,
    TaskCompletion,
    TaskProgress,
)
from loyalty.models.completions import InQuest
from loyalty.services.personal_data import Holder, of_rows

WHICH = ("quest_id", "period", "completed_at", "claimed_at")
WRITTEN = {"text": "", "link": "", "reason": ""}


def nothing_to_erase(business: Business, account_ids: Collection[UUID]) -> None:
    """Ids, codes and times may stay."""


Counted = (
    type[InQuest]
    | type[EarnRuleUse]
    | type[Arrival]
    | type[HoldAccrual]
    | type[TapMeter]
    | type[StampReward]
    | type[Admission]
)


def moved_by(holder: Holder, model: Counted, *same: str) -> Holder:
    """`holder`, but what the other person has as well, a row with the `same` columns, stays where it is."""

    def move(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
        rows = model._default_manager.filter(business_id=business.pk)
        twin = rows.filter(account_id=target, **{name: OuterRef(name) for name in same})
        movable = rows.filter(~Exists(twin), account_id=source).values_list("pk", flat=True)
        chosen = [str(pk) for pk in (movable if only is None else movable.filter(pk__in=only))]
        return holder.move(business, source, target, chosen)

    return replace(holder, move=move)


SUBMISSIONS = moved_by(
    of_rows(
        Submission,
        name="submissions",
        exported=("quest_id", "task_key", "period", "status", *WRITTEN, "created_at", "decided_at"),
        erased=WRITTEN,
    ),
    Submission,
    *("quest_id", "period", "task_key"),
)
TASKS = moved_by(
    replace(
        of_rows(TaskCompletion, name="completedTasks", exported=("task_key", *WHICH), erased=None),
        erase=nothing_to_erase,
    ),
    TaskCompletion,
    *("quest_id", "period", "task_key"),
)
QUESTS = moved_by(
    replace(of_rows(QuestCompletion, name="completedQuests", exported=WHICH, erased=None), erase=nothing_to_erase),
    QuestCompletion,
    *("quest_id", "period"),
)
PROGRESS = moved_by(
    replace(
        of_rows(
            TaskProgress,
            name="progress",
            exported=("quest_id", "period", "task_key", "value", "last_day"),
            erased=None,
        ),
        erase=nothing_to_erase,
    ),
    TaskProgress,
    *("quest_id", "period", "task_key"),
)
ACTIONS = of_rows(
    Action,
    name="actions",
    exported=("name", "event_id", "origin", "outcome", "data", "occurred_at"),
    erased={"name": "", "event_id": None, "data": {}},
)
ALL = (SUBMISSIONS, TASKS, QUESTS, PROGRESS, ACTIONS)
