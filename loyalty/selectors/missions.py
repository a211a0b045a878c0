"""The steps that a person may do, has done, or may claim: as their merchant's own pages show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models import Account, Business, Quest, QuestCompletion, QuestVersion, Task, TaskCompletion
from loyalty.selectors import playing
from loyalty.selectors.playing import Offered, Standing

Status = Literal["locked", "active", "completed", "claimable", "claimed"]
Place = tuple[UUID, str]  # quest, key of the step


@dataclass(frozen=True, slots=True)
class Mission:
    """A step, with how far somebody is in its present period. `claimable` also says that an earlier one waits."""

    quest: Quest
    version: QuestVersion
    task: Task
    status: Status
    value: Decimal
    is_done: bool

    @property
    def points(self) -> int:
        """What the step gives by itself, unless only its quest gives."""
        return points_of(self.task.benefits) if self.version.task_benefits else 0


@dataclass(frozen=True, slots=True)
class Journey:
    """A quest that somebody may take part in, with its steps."""

    quest: Quest
    is_completed: bool
    missions: Sequence[Mission]

    @property
    def required(self) -> int:
        """How many steps complete it."""
        return self.quest.current.required or len(self.missions)

    @property
    def done(self) -> int:
        return min(sum(mission.is_done for mission in self.missions), self.required)

    @property
    def points(self) -> int:
        """What the quest gives, besides its steps."""
        return points_of(self.quest.current.benefits)


def missions(*, business: Business, account: Account) -> list[Mission]:
    """The steps of the quests that somebody may take part in now, and what waits for them of others."""
    offers = _running(business, account)
    standings = playing.standings(offers, business=business, account=account)
    waiting = _waiting(business, account)
    found = [one for offer in offers for one in _offered(offer, standings[offer.quest.pk], waiting)]
    shown = {(mission.quest.pk, mission.task.key) for mission in found}
    return [*found, *(_left_over(done) for place, done in waiting.items() if place not in shown)]


def journeys(*, business: Business, account: Account) -> list[Journey]:
    """The quests that somebody may take part in now."""
    offers = _running(business, account)
    standings = playing.standings(offers, business=business, account=account)
    waiting = _waiting(business, account)
    theirs = [(offer.quest, standings[offer.quest.pk], offer) for offer in offers]
    return [
        Journey(quest, standing.is_completed, list(_offered(offer, standing, waiting)))
        for quest, standing, offer in theirs
    ]


def points_of(benefits: Iterable[Mapping[str, Any]]) -> int:
    """How many points benefits give."""
    return sum(one["quantity"] for one in benefits if one.get("metric") == "points")


def _running(business: Business, account: Account) -> list[Offered]:
    """The quests whose window is open, and that are for this person."""
    now = clock.now(business)
    offers = playing.offered(business=business, account=account)
    return [offer for offer in offers if offer.quest.current.is_open(at=now)]


def _waiting(business: Business, account: Account) -> Mapping[Place, TaskCompletion]:
    """What was done and not claimed yet, or completed a quest that was not; of several periods the last."""
    theirs = Q(account=account, claimed_at=None)
    quests = QuestCompletion.objects.for_business(business).filter(theirs).values("last_task")
    rows = TaskCompletion.objects.for_business(business).filter(theirs | Q(pk__in=quests))
    found = rows.select_related("quest", "task__version").order_by("completed_at", "pk")
    return {(done.quest_id, done.task_key): done for done in found}


def _offered(offer: Offered, standing: Standing, waiting: Mapping[Place, TaskCompletion]) -> Iterable[Mission]:
    version = offer.quest.current
    for number, task in enumerate(offer.tasks):
        is_done = task.pk in standing.tasks_completed
        if (offer.quest.pk, task.key) in waiting:
            status: Status = "claimable"
        elif is_done:
            status = "completed" if version.auto_claim else "claimed"
        else:
            status = "locked" if version.ordered and _has_gap(offer.tasks[:number], standing) else "active"
        value = standing.progress.get(task.pk, Decimal(0))
        if is_done:  # also at a word, without a count, or by somebody who was merged into them
            value = max(value, Decimal(task.target))
        yield Mission(offer.quest, version, task, status, value, is_done)


def _has_gap(earlier: Sequence[Task], standing: Standing) -> bool:
    return any(task.pk not in standing.tasks_completed for task in earlier)


def _left_over(done: TaskCompletion) -> Mission:
    return Mission(done.quest, done.task.version, done.task, "claimable", Decimal(done.task.target), is_done=True)
