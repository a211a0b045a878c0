"""The missions of one person, as the hosted page shows them: plain data, quest by quest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from loyalty.models import Account, Business, Submission, Task
from loyalty.selectors import missions as reads
from loyalty.services.kinds.tasks import kind_of

STATUS = {"locked": "Later", "active": "To do", "completed": "Done", "claimable": "Done", "claimed": "Done"}


@dataclass(frozen=True, slots=True)
class Step:
    """A mission. `points` is what it gives by itself; a count is worth showing where one event is not enough."""

    id: UUID
    title: str
    description: str
    status: str
    status_title: str
    value: Decimal
    target: int
    points: int
    takes_proof: bool  # now: it is to do, and nothing waits for a decision
    reason: str  # why the latest proof was rejected
    link: str  # what is to be visited now; empty where nothing is

    @classmethod
    def of(cls, mission: reads.Mission, proof: Submission | None) -> "Step":
        is_pending = proof is not None and proof.status == Submission.Status.PENDING
        is_open = mission.status == "active"
        return cls(
            id=mission.task.pk,
            title=mission.task.title,
            description=mission.task.description,
            status=mission.status,
            status_title="In review" if is_pending and is_open else STATUS[mission.status],
            value=min(mission.value, Decimal(mission.task.target)),
            target=mission.task.target,
            points=mission.points,
            takes_proof=is_open and not is_pending and kind_of(mission.task.type).TAKES_PROOF,
            reason=proof.reason if proof and is_open else "",
            link=_link(mission.task) if is_open else "",
        )

    @property
    def waits(self) -> bool:
        return self.status == "claimable"

    @property
    def is_done(self) -> bool:
        return self.status_title == "Done"

    @property
    def is_counted(self) -> bool:
        return self.target > 1 and self.status == "active"


@dataclass(frozen=True, slots=True)
class Goal:
    """A quest with its steps. `points` is what it gives besides them."""

    title: str
    description: str
    points: int
    ends_at: datetime | None
    steps: list[Step] = field(default_factory=list)


def goals(*, business: Business, account_id: UUID) -> Sequence[Goal]:
    """The quests that somebody may take part in, and what waits for them of others.

    :raises NotFound: if nobody has this account
    """
    rows = Account.objects.for_business(business).select_related("tier")
    account = rows.filter(pk=account_id).first()
    if account is None:
        raise NotFound("advocate")
    proofs = _proofs(business, account)
    at = clock.now(business)
    found: dict[UUID, Goal] = {}
    for mission in reads.missions(business=business, account=account):
        goal = found.setdefault(mission.quest.pk, _goal(mission))
        period = mission.version.period_at(at, business=business, account=account)
        goal.steps.append(Step.of(mission, proofs.get((mission.quest.pk, mission.task.key, period))))
    return list(found.values())


def step(*, business: Business, account_id: UUID, mission_id: UUID) -> Step:
    """One of the steps that somebody is shown.

    :raises NotFound: if it is none
    """
    steps = [step for goal in goals(business=business, account_id=account_id) for step in goal.steps]
    found = next((step for step in steps if step.id == mission_id), None)
    if found is None:
        raise NotFound("mission")
    return found


def proving(*, business: Business, account_id: UUID, mission_id: UUID) -> Step:
    """A step that takes proof of somebody now.

    :raises NotFound: if there is none
    """
    found = step(business=business, account_id=account_id, mission_id=mission_id)
    if not found.takes_proof:
        raise NotFound("mission")
    return found


def _link(task: Task) -> str:
    """The page that a visit must be to. A condition says so, and may be anything: only web pages are led to."""
    if task.type != "social":
        return ""
    named = (one["value"] for one in task.conditions if (one["field"], one["operator"]) == ("url", "equals"))
    return next((url for url in named if isinstance(url, str) and url.startswith(("https://", "http://"))), "")


def _proofs(business: Business, account: Account) -> Mapping[tuple[UUID, str, str], Submission]:
    """The latest proof of each step and period."""
    rows = Submission.objects.for_business(business).filter(account=account).order_by("created_at", "pk")
    return {(row.quest_id, row.task_key, row.period): row for row in rows}


def _goal(mission: reads.Mission) -> Goal:
    quest, version = mission.quest, mission.version
    return Goal(
        title=quest.title,
        description=quest.subtitle or quest.description,
        points=reads.points_of(version.benefits),
        ends_at=version.window_to if version.show_in_ui else None,
    )
