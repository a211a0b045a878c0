"""Doing the steps of a quest: each once a period, the last one completes it, and everything is paid once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import Exists, OuterRef

from loyalty import events
from loyalty.kernel import clock, database
from loyalty.kernel.errors import Conflict, Invalid
from loyalty.models import Business, Quest, QuestCompletion, Task, TaskCompletion
from loyalty.selectors import quests as reads
from loyalty.services import benefits, climbing, ladders, quest_gate
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.kinds.tasks import kind_of
from loyalty.services.ledger import AccountNotActive, Source
from loyalty.services.postings import Move
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
    return finish_with_all(attempt)


def finish_with_all(attempt: Attempt) -> Outcome:
    """As `finish`, and count what follows: what listens to it may pay, too."""
    with climbing.counting() as given:
        outcome = finish(attempt)
    return replace(outcome, points=outcome.points + given[attempt.account.pk])


def finish(attempt: Attempt) -> Outcome:
    """Write that a step is done, which it was not, and pay what it gives; the last step completes the quest.

    What has been done stays done where a gift is sold out: that is withheld, and its person's page says so.
    """
    attempt.version.quest = attempt.quest  # or it would be asked for again
    step = done_step(
        attempt.task, attempt.period, business=attempt.business, account_id=attempt.account.pk, at=attempt.at
    )
    whole = done_quest(step)
    done = document(step.pk, whole.pk, task=step.task, period=step.period, at=step.completed_at)
    is_last = _write(step, done)
    points = _tell_and_pay(TASK_COMPLETED, step, done["step_facts"], attempt.action_id)
    ladders.task_done(business=step.business, account_id=step.account_id)
    if is_last:
        points += _tell_and_pay(QUEST_COMPLETED, whole, done["whole_facts"], attempt.action_id)
    return Outcome(step, points, is_repeat=False, completed_quest=is_last)


def complete_merged(*, business: Business, account_id: UUID, steps: Collection[str], now: datetime) -> None:
    """Complete the quests of which nothing is left to do, now that these steps have come to a locked account."""
    whole = QuestCompletion.objects.for_business(business).filter(
        account=account_id, quest=OuterRef("quest"), period=OuterRef("period")
    )
    came = TaskCompletion.objects.for_business(business).filter(pk__in=steps, quest__status=Quest.Status.ACTIVE)
    places = came.filter(~Exists(whole)).order_by("quest", "period").values_list("quest", "period").distinct()
    for quest_id, period in places:
        quest = Quest.objects.for_business(business).select_related("current").get(pk=quest_id)
        quest.business = business
        _complete_whole(quest, {"account_id": account_id, "quest": quest, "period": period}, now=now)


def _complete_whole(quest: Quest, theirs: Mapping[str, Any], *, now: datetime) -> None:
    keys = [task.key for task in reads.tasks_of(quest.current)]
    rows = TaskCompletion.objects.for_business(quest.business).filter(**theirs, task_key__in=keys)
    steps = list(rows.select_related("task__version").order_by("completed_at", "pk"))
    if len(steps) < (quest.current.required or len(keys)):
        return
    if QuestCompletion.objects.for_business(quest.business).filter(**theirs).exists():  # by what another one led to
        return
    claimed_at = now if quest.current.auto_claim else None
    whole = QuestCompletion(
        **{**theirs, "business": quest.business, "version": quest.current, "last_task": steps[-1]},
        completed_at=now,
        claimed_at=claimed_at,
    )
    whole.save(force_insert=True)
    told = {"completionId": str(whole.pk), **which(quest)}
    events.record([events.Happening(quest.business_id, QUEST_COMPLETED, whole.account_id, told)], now=now)
    if claimed_at:
        _pay(whole, withholds=True)


def repeated(completion: TaskCompletion) -> Outcome:
    rows = QuestCompletion.objects.filter(business_id=completion.business_id, last_task=completion)
    return Outcome(completion, 0, is_repeat=True, completed_quest=rows.exists())


@transaction.atomic
def claim(*, business: Business, task_id: UUID, account_id: UUID) -> int:
    """Pay what waits for somebody for a step, also from earlier periods. Answers how many points that led to.

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
    quests = QuestCompletion.objects.for_business(business).filter(**theirs, last_task__task_key=task.key)
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
    with climbing.counting() as given:
        paid = sum(_pay(done, withholds=False) for done in waiting)
    return paid + given[account_id]


def done_step(task: Task, period: str, *, business: Business, account_id: UUID, at: datetime) -> TaskCompletion:
    """What is to be written when somebody has done a step, which knows its version and its quest."""
    return TaskCompletion(
        business=business,
        account_id=account_id,
        quest=task.version.quest,
        period=period,
        task=task,
        task_key=task.key,
        completed_at=at,
        claimed_at=at if task.version.auto_claim else None,
    )


def done_quest(last: TaskCompletion) -> QuestCompletion:
    """What is to be written when a step was the last one of its quest."""
    return QuestCompletion(
        business=last.business,
        account_id=last.account_id,
        quest=last.quest,
        period=last.period,
        version=last.task.version,
        last_task=last,
        completed_at=last.completed_at,
        claimed_at=last.claimed_at,
    )


def _write(step: TaskCompletion, done: Mapping[str, Any]) -> bool:
    """Write the step, the quest if this was the last one, and the news of both. Answers whether it was."""
    cursor = database.prepared_cursor()
    documents = (orjson.dumps(each).decode() for each in (done, terms(step.task)))
    cursor.execute("SELECT laurel_finish(%s, %s, %s, %s)", [step.business_id, step.account_id, *documents])
    return bool(cursor.fetchone()[0])


def document(step_id: UUID, whole_id: UUID, *, task: Task, period: str, at: datetime) -> dict[str, Any]:
    """A step that was done, and its quest if it was the last one, as `laurel_finish` takes them; with their facts."""
    quest = task.version.quest
    codes = {"taskId": str(task.pk), "taskKey": task.key}
    return {
        **{"step": step_id, "whole": whole_id, "period": period, "at": at},
        "step_facts": {"completionId": str(step_id), **which(quest), **codes},
        "whole_facts": {"completionId": str(whole_id), **which(quest)},
    }


def which(quest: Quest) -> dict[str, str]:
    return {"questId": str(quest.pk), "questKey": quest.key}


def terms(task: Task) -> dict[str, Any]:
    """What is the same for everybody who does a step, as `laurel_finish` takes it."""
    version = task.version
    return {
        **{"quest": version.quest_id, "task": task.pk, "key": task.key, "version": version.pk},
        **{"required": version.required, "auto_claim": version.auto_claim},
    }


def _tell_and_pay(topic: str, done: Done, facts: events.Facts, action_id: UUID | None) -> int:
    events.announce([events.Happening(done.business_id, topic, done.account_id, facts)], business=done.business)
    return _pay(done, withholds=True, action_id=action_id) if done.claimed_at else 0


def _pay(done: Done, *, withholds: bool, action_id: UUID | None = None) -> int:
    """Give what was promised for it; the ledger lets that happen once.

    :param withholds: whether what cannot be given, because it is sold out, spoils nothing else
    """
    return benefits.give(
        done.promised.benefits,
        business=done.business,
        account_id=done.account_id,
        occasion=replace(_occasion(done, action_id), waits=not withholds),
        withholds=withholds,
    )


def moves(done: Done) -> Sequence[Move] | None:
    """What it gives at once, as awards; None if some of it is something else."""
    if done.claimed_at is None:
        return ()
    return benefits.moves(done.promised.benefits, account_id=done.account_id, occasion=_occasion(done))


def _occasion(done: Done, action_id: UUID | None = None) -> Occasion:
    what, title, _ = done.promised
    return Occasion(
        source=Source(what, str(done.pk)),
        action=what,
        rule=(done.quest_id, done.by.number),
        reason=reason(done.quest_id, done.period, action_id),
        description=title,
    )


def reason(quest_id: UUID, period: str, action_id: UUID | None) -> Mapping[str, str]:
    """Why a completion pays; with the event that completed it, where it was one and nobody had to claim it."""
    return {"questId": str(quest_id), "period": period, **({"actionId": str(action_id)} if action_id else {})}
