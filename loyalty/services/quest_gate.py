"""Who may do which step of a quest, and when: asked with the account locked, so that the answer stays true."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from loyalty.kernel import clock
from loyalty.kernel.errors import Code, Conflict, DomainError, NotFound
from loyalty.models import Account, Business, Quest, QuestVersion, Task, TaskCompletion
from loyalty.selectors import quests as reads
from loyalty.services import accounts
from loyalty.services.ledger import AccountNotActive
from loyalty.services.people import Person

Status = Quest.Status


class QuestNotActive(Conflict):
    def __init__(self, status: str) -> None:
        super().__init__(f"This quest is {status}: only the tasks of an active one can be completed.")


class OutsideWindow(Conflict):
    def __init__(self) -> None:
        super().__init__("This quest does not run now. Check its window.")


class NotEligible(DomainError):
    code = Code.NOT_ELIGIBLE

    def __init__(self) -> None:
        super().__init__("This quest is for others. Check its audience.")


class NotItsTurn(Conflict):
    def __init__(self, earlier: str) -> None:
        super().__init__(f"The tasks of this quest go in order: {earlier!r} comes first.", field="taskId")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One person before one step, now. Their account is locked until the commit."""

    business: Business
    account: Account | Person
    quest: Quest
    task: Task
    at: datetime
    period: str
    action_id: UUID | None = None  # of the event that does it

    @property
    def version(self) -> QuestVersion:
        return self.task.version

    def done(self) -> TaskCompletion | None:
        """What they did before, if it was this."""
        rows = TaskCompletion.objects.for_business(self.business).filter(account=self.account.pk, quest=self.quest)
        return rows.filter(period=self.period, task_key=self.task.key).first()


def attempt(*, business: Business, account_id: UUID, quest_id: UUID, task_id: UUID) -> Attempt:
    """Lock the account and look at the step, also by the id that it had in an earlier version.

    :raises NotFound: if the business has no such advocate or quest, or the quest no such task any more
    """
    account = locked(business=business, account_id=account_id)
    quests = Quest.objects.for_business(business).select_related("business", "current")
    quest = quests.filter(pk=quest_id).first()
    if quest is None:
        raise NotFound("quest")
    task = reads.task_in_force(quest, task_id)
    if task is None:
        raise NotFound("task", field="taskId")
    task.version = quest.current
    at = max(clock.now(quest.business), account.last_event_at)  # the clock as it is in the database
    period = quest.current.period_at(at, business=quest.business, account=account)
    return Attempt(quest.business, account, quest, task, at, period)


def locked(*, business: Business, account_id: UUID) -> Account:
    """:raises NotFound: if the business has no such advocate"""
    theirs, _ = accounts.lock_with_business(business=business, account_ids=[account_id])
    if account_id not in theirs:
        raise NotFound("advocate", field="advocateId")
    return theirs[account_id]


def check(attempt: Attempt) -> None:
    """Let nobody pass who may not do this step now.

    :raises AccountNotActive, QuestNotActive, OutsideWindow, NotEligible, NotItsTurn: as their messages say
    """
    version = attempt.version
    if attempt.account.status != Account.Status.ACTIVE:
        raise AccountNotActive
    if attempt.quest.status != Status.ACTIVE:
        raise QuestNotActive(attempt.quest.status)
    if not version.is_open(at=attempt.at):
        raise OutsideWindow
    account = attempt.account
    if not reads.is_in_audience(
        business=attempt.business, account_id=account.pk, tier_id=account.tier_id, version=version
    ):
        raise NotEligible
    if version.ordered:
        _check_turn(attempt)


def _check_turn(attempt: Attempt) -> None:
    done = reads.done_keys(account_id=attempt.account.pk, quest=attempt.quest, period=attempt.period)
    for earlier in reads.tasks_of(attempt.version)[: attempt.task.position]:
        if earlier.key not in done:
            raise NotItsTurn(earlier.title)
