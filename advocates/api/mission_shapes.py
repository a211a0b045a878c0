"""Missions and quests as the Integration API answers them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from advocates.api.examples import MISSION, USER_QUEST
from loyalty.api.audience_shapes import ProgressShape
from loyalty.api.examples import TASK_ID
from loyalty.api.views import Shape
from loyalty.selectors.missions import Journey, Mission


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
    def of(cls, mission: Mission) -> Self:
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


class UserQuest(Shape):
    """`progress` counts missions, and `points` is what the quest gives besides them."""

    example = USER_QUEST

    id: UUID
    key: str
    title: str
    subtitle: str
    description: str
    is_completed: bool
    progress: ProgressShape
    points: int
    deadline: datetime | None
    missions: list[UserMission]

    @classmethod
    def of(cls, journey: Journey) -> Self:
        quest = journey.quest
        return cls(
            id=quest.pk,
            key=quest.key,
            title=quest.title,
            subtitle=quest.subtitle,
            description=quest.description,
            is_completed=journey.is_completed,
            progress=ProgressShape(value=float(journey.done), target=journey.required),
            points=journey.points,
            deadline=quest.current.window_to,
            missions=[UserMission.of(mission) for mission in journey.missions],
        )


class QuestList(Shape):
    quests: list[UserQuest]


class Claimed(Shape):
    example = {"missionId": TASK_ID, "pointsAwarded": 50, "balance": 800}

    mission_id: UUID
    points_awarded: int
    balance: int
