"""What quests hold of a person: what they handed in, what they have done, and how far they are."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from loyalty.models import (
    Action,
    Admission,
    Arrival,
    Business,
    EarnRuleUse,
    HoldAccrual,
    Merge,
    QuestCompletion,
    StampReward,
    Submission,
    TapMeter,
    Task,
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
        moved = holder.move(business, source, target, chosen)
        if only is not None:
            bring_others(business, source, but=target)
        return moved

    def bring_others(business: Business, account_id: UUID, *, but: UUID) -> None:
        """What stayed with others who were merged into the same account takes the place of what has just left it."""
        others = Merge.objects.for_business(business).filter(target=account_id, undone_at=None).exclude(source=but)
        for other in others.order_by("pk"):
            if came := move(business, other.source_id, account_id, None):
                other.moved[holder.name] = [*other.moved.get(holder.name, ()), *came]
                other.save(update_fields=["moved"])

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
STEPS = moved_by(
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
ADD = """
    INSERT INTO loyalty_taskprogress AS had (id, business_id, account_id, quest_id, period, task_key, value, last_day)
    SELECT laurel_uuid7(now()), business_id, %s, quest_id, period, task_key, %s * value, last_day
    FROM loyalty_taskprogress WHERE id = ANY (%s)
    ON CONFLICT (business_id, account_id, quest_id, period, task_key) DO UPDATE
        SET value = had.value + excluded.value, last_day = greatest(had.last_day, excluded.last_day)
"""


def move_progress(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """What counts events adds up, and is taken away again as it was: its rows stay. Those that count days move."""
    rows = TaskProgress.objects.for_business(business)
    if only is not None:
        _add(rows.filter(account_id=target, pk__in=only), source, sign=-1)
        return STEPS.move(business, source, target, only)
    counting = Task.objects.for_business(business).filter(
        Q(measure="count") | Q(measure__has_key="sum"),
        once_per_day=False,
        version=OuterRef("quest__current"),
        key=OuterRef("task_key"),
    )
    added = _add(rows.filter(Exists(counting), account_id=source), target, sign=1)
    return [*added, *STEPS.move(business, source, target, None)]


def _add(rows: "QuerySet[TaskProgress]", account_id: UUID, *, sign: int) -> list[str]:
    """Adds what these rows have counted to what an account has. Answers their ids."""
    ids = list(rows.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(ADD, [account_id, sign, ids])
    return [str(pk) for pk in ids]


PROGRESS = replace(STEPS, move=move_progress)
ACTIONS = of_rows(
    Action,
    name="actions",
    exported=("name", "event_id", "origin", "outcome", "data", "occurred_at", "unpaid"),
    erased={"name": "", "event_id": None, "data": {}},
)
ALL = (SUBMISSIONS, TASKS, QUESTS, PROGRESS, ACTIONS)
