"""A user's missions, for a merchant's backend that shows them on pages of its own."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from msgspec import Meta

from advocates.api.examples import MISSION
from advocates.models import Advocate
from advocates.selectors import identity
from loyalty.api import types
from loyalty.api.audience_shapes import ProgressShape
from loyalty.api.examples import TASK_ID
from loyalty.api.parsing import Body, to_struct
from loyalty.api.views import Call, IntegrationView, Shape, operation
from loyalty.kernel.errors import Code, NotFound
from loyalty.selectors import missions as reads
from loyalty.selectors import quests
from loyalty.services import completions, proofs, wallets

Link = Annotated[str, Meta(max_length=proofs.MOST_LINK)]
TAGS = ("users",)


class ListMissions(Body):
    status: Literal["locked", "active", "completed", "claimable", "claimed"] | None = None


class NewProof(Body):
    text: types.Text5000 = ""
    url: Link = ""


class UserMission(Shape):
    """`points` is what the mission itself gives; `deadline` the moment at which its quest is over."""

    example = MISSION

    id: UUID
    quest_id: UUID
    title: str
    description: str
    type: str
    progress: ProgressShape
    status: str
    points: int
    deadline: datetime | None

    @classmethod
    def of(cls, mission: reads.Mission) -> Self:
        task = mission.task
        return cls(
            id=task.pk,
            quest_id=mission.quest.pk,
            title=task.title,
            description=task.description,
            type=task.type,
            progress=ProgressShape(value=float(mission.value), target=task.target),
            status=mission.status,
            points=mission.points,
            deadline=mission.version.window_to,
        )


class MissionList(Shape):
    missions: list[UserMission]


class Claimed(Shape):
    example = {"missionId": TASK_ID, "pointsAwarded": 50, "balance": 800}

    mission_id: UUID
    points_awarded: int
    balance: int


class Missions(IntegrationView):
    @operation(
        "List a user's missions",
        query=ListMissions,
        answer=MissionList,
        tags=TAGS,
        description=(
            "Those of all quests that the user may take part in now, and whatever else waits to be claimed. locked: "
            "another mission comes first. completed: done, and paid at once. claimable: done, and waits for claim."
        ),
    )
    def get(self, call: Call[None, ListMissions], external_id: str) -> MissionList:
        user = _user(call, external_id)
        found = reads.missions(business=call.business, account=user.account)
        wanted = [one for one in found if call.query.status in (None, one.status)]
        return MissionList(missions=[UserMission.of(one) for one in wanted])


class Claim(IntegrationView):
    @operation(
        "Claim what a mission gives",
        answer=Claimed,
        errors=(Code.CONFLICT, Code.LIMIT_REACHED, Code.OUT_OF_STOCK),
        tags=TAGS,
        description=(
            "For quests with autoClaim false. Pays the mission once, and with the mission that completed the quest "
            "what the quest gives. 409 when nothing waits: it is not done, or it was claimed before."
        ),
    )
    def post(self, call: Call[None, None], external_id: str, mission_id: UUID) -> Claimed:
        user = _user(call, external_id)
        paid = completions.claim(business=call.business, task_id=mission_id, account_id=user.pk)
        wallet = wallets.of_one(business=call.business, account_id=user.pk)
        return Claimed(mission_id=mission_id, points_awarded=paid, balance=wallet.amount)


class Proof(IntegrationView):
    @operation(
        "Hand in proof of a mission",
        body=NewProof,
        status=201,
        errors=(Code.NOT_ELIGIBLE, Code.CONFLICT),
        tags=TAGS,
        example={"text": "On my way to work", "url": "https://cdn.example.com/bike.jpg"},
        description=(
            "A text, a link, or both, for a mission of type proof. It waits until an operator approves or rejects it; "
            "then something else may be handed in."
        ),
    )
    def post(self, call: Call[NewProof, None], external_id: str, mission_id: UUID) -> None:
        user = _user(call, external_id)
        task = quests.task_named(business=call.business, task_id=mission_id)
        proofs.submit(
            business=call.business,
            quest_id=task.version.quest_id,
            task_id=mission_id,
            account_id=user.pk,
            text=call.body.text,
            link=call.body.url,
        )


def _user(call: Call[Any, Any], external_id: str) -> Advocate:
    """:raises NotFound, Invalid: if the business knows nobody by this id, or it is none"""
    name = to_struct(external_id, types.ExternalId)
    user = identity.by_external_id(business=call.business, external_id=name)
    if user is None:
        raise NotFound("user")
    return user
