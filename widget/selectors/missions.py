"""The missions of one person, as the hosted page shows them: plain data, quest by quest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from loyalty.kernel.errors import NotFound
from loyalty.models import Account, Business
from loyalty.selectors import missions as reads

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

    @classmethod
    def of(cls, mission: reads.Mission) -> "Step":
        return cls(
            id=mission.task.pk,
            title=mission.task.title,
            description=mission.task.description,
            status=mission.status,
            status_title=STATUS[mission.status],
            value=min(mission.value, Decimal(mission.task.target)),
            target=mission.task.target,
            points=mission.points,
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
    found: dict[UUID, Goal] = {}
    for mission in reads.missions(business=business, account=account):
        goal = found.setdefault(mission.quest.pk, _goal(mission))
        goal.steps.append(Step.of(mission))
    return list(found.values())


def _goal(mission: reads.Mission) -> Goal:
    quest, version = mission.quest, mission.version
    return Goal(
        title=quest.title,
        description=quest.subtitle or quest.description,
        points=reads.points_of(version.benefits),
        ends_at=version.window_to if version.show_in_ui else None,
    )
