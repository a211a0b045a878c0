"""Doing the steps of a quest: each once a period, the last one completes it, and everything is paid once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from loyalty import events
from loyalty.kernel import clock, database
from loyalty.kernel.errors import Conflict, Invalid
from loyalty.models import Business, QuestCompletion, TaskCompletion
from loyalty.selectors import quests as reads
from loyalty.services import benefits, ladders, quest_gate
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.kinds.tasks import kind_of
from loyalty.services.ledger import AccountNotActive, Source
from loyalty.services.quest_gate import Attempt

TASK_COMPLETED = "tasks/completed"
QUEST_COMPLETED = "quests/completed"

Done = TaskCompletion | QuestCompletion


class CompletedByEvents(Invalid):
    def __init__(self) -> None:
        super().__init__("Events complete this task: nobody else can. Send the event instead.", field="taskId")


class NothingToClaim(Conflict):
    def __init__(self) -> None:
        super().__init__("Nothing waits to be claimed for this: it is not done, or it was claimed before.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A completion, what this call paid, and whether it was there before. `completed_quest`: it was the last one."""

    completion: TaskCompletion
    points: int
    is_repeat: bool
    completed_quest: bool


@transaction.atomic
def complete(*, business: Business, quest_id: UUID, task_id: UUID, account_id: UUID) -> Outcome:
    """Say that somebody has done a step. A repeat answers the same completion, whatever became of the quest since.

    :raises NotFound: if the business has no such quest, task or advocate
    :raises CompletedByEvents: if only events complete it
    :raises quest_gate.QuestNotActive, quest_gate.OutsideWindow, quest_gate.NotEligible, quest_gate.NotItsTurn:
        as their messages say
    :raises ledger.AccountNotActive: as `ledger.award`
    """
    attempt = quest_gate.attempt(business=business, account_id=account_id, quest_id=quest_id, task_id=task_id)
    before = attempt.done()
    if before is not None:
        return repeated(before)
    if not kind_of(attempt.task.type).BY_CALL:
        raise CompletedByEvents
    quest_gate.check(attempt)
    return finish(attempt)


def finish(attempt: Attempt) -> Outcome:
    """Write that a step is done, which it was not, and pay what it gives; the last step completes the quest.

    What has been done stays done where a gift is sold out: that is withheld, and its person's page says so.
    """
    task = TaskCompletion(**_what(attempt), task=attempt.task, task_key=attempt.task.key)
    codes = {"taskId": str(attempt.task.pk), "taskKey": attempt.task.key}
    _write("laurel_finish_task", task, _facts(task, **codes), task.task_id, task.task_key)
    points = _tell_and_pay(TASK_COMPLETED, task, _facts(task, **codes))
    ladders.task_done(business=attempt.business, account_id=attempt.account.pk)
    quest = QuestCompletion(**_what(attempt), version=attempt.version, last_task=task)
    rest = (quest.version_id, task.pk, attempt.version.required)
    is_last = _write("laurel_finish_quest", quest, _facts(quest), *rest)
    if is_last:
        points += _tell_and_pay(QUEST_COMPLETED, quest, _facts(quest))
    return Outcome(task, points, is_repeat=False, completed_quest=is_last)


def repeated(completion: TaskCompletion) -> Outcome:
    rows = QuestCompletion.objects.filter(business_id=completion.business_id, last_task=completion)
    return Outcome(completion, 0, is_repeat=True, completed_quest=rows.exists())


@transaction.atomic
def claim(*, business: Business, task_id: UUID, account_id: UUID) -> int:
    """Pay what waits for somebody for a step, also from earlier periods. Answers how many points it was.

    The step that completed the quest brings what the quest gives with it. Where one gift is sold out, all waits on.

    :param task_id: of any version
    :raises NotFound: if the business has no such advocate or task
    :raises NothingToClaim: if nothing waits, also because it was claimed just now
    :raises DomainError: as `benefits.give`
    :raises ledger.AccountNotActive: as `ledger.award`
    """
    account = quest_gate.locked(business=business, account_id=account_id)
    task = reads.task_named(business=business, task_id=task_id)
    if account.status != account.Status.ACTIVE:
        raise AccountNotActive
    theirs = {"account": account, "quest_id": task.version.quest_id, "claimed_at": None}
    steps = TaskCompletion.objects.for_business(business).filter(**theirs, task_key=task.key)
    quests = QuestCompletion.objects.for_business(business).filter(**theirs, last_task__in=steps.values("pk"))
    waiting: Sequence[Done] = [
        *steps.select_related("task__version", "quest").order_by("pk"),
        *quests.select_related("version", "quest").order_by("pk"),
    ]
    if not waiting:
        raise NothingToClaim
    at = max(clock.now(Business.objects.get(pk=business.pk)), account.last_event_at)
    for done in waiting:
        done.business = business
        done.claimed_at = at
        done.save(update_fields=["claimed_at"])
    return sum(_pay(done, withholds=False) for done in waiting)


def _what(attempt: Attempt) -> dict[str, Any]:
    """What completions of steps and of quests have in common."""
    return {
        "business": attempt.business,
        "account_id": attempt.account.pk,
        "quest": attempt.quest,
        "period": attempt.period,
        "completed_at": attempt.at,
        "claimed_at": attempt.at if attempt.version.auto_claim else None,
    }


def _write(function: str, done: Done, facts: events.Facts, *rest: Any) -> bool:
    """Write what is done, and the news of it, by a function whose name is ours. Answers whether it was not to be."""
    what = (done.pk, done.business_id, done.account_id, done.quest_id, done.period, done.completed_at, done.claimed_at)
    arguments = [*what, orjson.dumps(dict(facts)).decode(), *rest]
    cursor = database.prepared_cursor()
    cursor.execute(f"SELECT {function}({', '.join(['%s'] * len(arguments))})", arguments)
    return bool(cursor.fetchone()[0])


def _facts(done: Done, **codes: str) -> events.Facts:
    return {"completionId": str(done.pk), "questId": str(done.quest_id), "questKey": done.quest.key, **codes}


def _tell_and_pay(topic: str, done: Done, facts: events.Facts) -> int:
    events.announce([events.Happening(done.business_id, topic, done.account_id, facts)])
    return _pay(done, withholds=True) if done.claimed_at else 0


def _pay(done: Done, *, withholds: bool) -> int:
    """Give what was promised for it; the ledger lets that happen once.

    :param withholds: whether what cannot be given, because it is sold out, spoils nothing else
    """
    what, title, given = done.promised
    return benefits.give(
        given,
        business=done.business,
        account_id=done.account_id,
        occasion=Occasion(
            source=Source(what, str(done.pk)),
            action=what,
            rule=(done.quest_id, done.by.number),
            reason={"questId": str(done.quest_id), "period": done.period},
            description=title,
        ),
        withholds=withholds,
    )
