"""A user's missions and quests, for a merchant's backend that shows them on pages of its own."""

from typing import Annotated, Literal
from uuid import UUID

from django.db import transaction
from msgspec import Meta

from advocates.api import named
from advocates.api.mission_shapes import Claimed, MissionList, QuestList, UserMission, UserQuest
from loyalty.api import types
from loyalty.api.parsing import Body
from loyalty.api.views import Call, IntegrationView, operation
from loyalty.kernel.errors import Code
from loyalty.selectors import missions as reads
from loyalty.selectors import quests
from loyalty.services import completions, proof_files, proofs, wallets

Link = Annotated[str, Meta(max_length=proofs.MOST_LINK)]
TAGS = ("users",)
MAX_PROOF = 5_000_000  # bytes of the body, in which a file is a third longer


class ListMissions(Body):
    status: Literal["locked", "active", "completed", "claimable", "claimed"] | None = None


class NewProof(Body):
    text: types.Text5000 = ""
    url: Link = ""
    file: Annotated[bytes, Meta(max_length=proof_files.MOST)] = b""  # base64


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
        user = named.settled_user(call, external_id)
        found = reads.missions(business=call.business, account=user.account)
        wanted = [one for one in found if call.query.status in (None, one.status)]
        return MissionList(missions=[UserMission.of(one) for one in wanted])


class Quests(IntegrationView):
    @operation(
        "List a user's quests with their missions",
        answer=QuestList,
        tags=TAGS,
        description="Those that the user may take part in now. progress counts missions; points is for the quest.",
    )
    def get(self, call: Call[None, None], external_id: str) -> QuestList:
        user = named.settled_user(call, external_id)
        found = reads.journeys(business=call.business, account=user.account)
        return QuestList(quests=[UserQuest.of(one) for one in found])


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
    @transaction.atomic
    def post(self, call: Call[None, None], external_id: str, mission_id: UUID) -> Claimed:
        user = named.user(call, external_id)
        paid = completions.claim(business=call.business, task_id=mission_id, account_id=user.pk)
        wallet = wallets.of_one(business=call.business, account_id=user.pk)
        return Claimed(mission_id=mission_id, points_awarded=paid, balance=wallet.amount)


class Proof(IntegrationView):
    max_body = MAX_PROOF

    @operation(
        "Hand in proof of a mission",
        body=NewProof,
        status=201,
        errors=(Code.NOT_ELIGIBLE, Code.CONFLICT),
        tags=TAGS,
        example={"text": "On my way to work", "url": "https://cdn.example.com/bike.jpg"},
        description=(
            "A text, a link, a file, or several of them, for a mission of type proof. A file is base64 of a JPEG, "
            "PNG, WebP or PDF of at most 3 MB. It waits until an operator approves or rejects it; then something else "
            "may be handed in."
        ),
    )
    def post(self, call: Call[NewProof, None], external_id: str, mission_id: UUID) -> None:
        user = named.user(call, external_id)
        task = quests.task_named(business=call.business, task_id=mission_id)
        proofs.submit(
            business=call.business,
            quest_id=task.version.quest_id,
            task_id=mission_id,
            account_id=user.pk,
            text=call.body.text,
            link=call.body.url,
            file=call.body.file,
        )
