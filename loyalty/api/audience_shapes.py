"""What an end user's app sees: times are epoch seconds, and everything is inside an envelope."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loyalty.api import examples
from loyalty.api.views import Shape
from loyalty.models import InventorySet, Metric
from loyalty.selectors.inventory import Held
from loyalty.selectors.journal import Item
from loyalty.selectors.playing import Offered, Shown, Standing
from loyalty.services.quest_rules import Notification


class MetricShape(Shape):
    example = examples.METRIC

    id: str
    title: str
    media: str | None
    default_value: int
    minimum_value: int
    maximum_value: int | None

    @classmethod
    def of(cls, metric: Metric) -> "MetricShape":
        return cls(
            id=metric.key,
            title=metric.title,
            media=metric.media or None,
            default_value=metric.default_value,
            minimum_value=metric.minimum,
            maximum_value=metric.maximum,
        )


class InventoryItemShape(Shape):
    example = examples.ITEM

    id: str
    title: str
    media: str | None


class InventoryShape(Shape):
    example = examples.INVENTORY

    id: str
    title: str
    items: list[InventoryItemShape]

    @classmethod
    def of(cls, row: InventorySet) -> "InventoryShape":
        items = [InventoryItemShape(id=i.key, title=i.title, media=i.media or None) for i in row.items.all()]
        return cls(id=row.key, title=row.title, items=items)


class TimeShape(Shape):
    example = examples.OPEN_TIME

    show_in_ui: bool = msgspec.field(name="showInUI")
    from_: int | None = msgspec.field(name="from")
    to: int | None


class MissionShape(Shape):
    example = examples.MISSION

    id: str
    key: str
    title: str
    type: str
    notification: Notification


class PrizeShape(Shape):
    """One benefit of a challenge; the fields of its other types are null."""

    example = examples.PRIZE

    type: str
    metric_id: str | None = None
    metric_quantity: int | None = None
    inventory_set_id: str | None = None
    inventory_item_id: str | None = None
    inventory_quantity: int | None = None

    @classmethod
    def of(cls, benefit: Mapping[str, Any]) -> "PrizeShape":
        return cls(
            type=benefit["kind"],
            metric_id=benefit.get("metric"),
            metric_quantity=benefit.get("quantity") if benefit["kind"] == "metric" else None,
            inventory_set_id=benefit.get("set"),
            inventory_item_id=benefit.get("item"),
            inventory_quantity=benefit.get("quantity") if benefit["kind"] == "item" else None,
        )


class ChallengeShape(Shape):
    example = examples.CHALLENGE

    id: str
    key: str
    title: str
    subtitle: str
    notification: Notification
    show_in_profile: bool
    show_in_rail: bool
    time: TimeShape
    missions: list[MissionShape]
    rewards: list[PrizeShape]

    @classmethod
    def of(cls, quest: Shown) -> "ChallengeShape":
        opens, closes = quest.window_from, quest.window_to
        return cls(
            id=str(quest.id),
            key=quest.key,
            title=quest.title,
            subtitle=quest.subtitle,
            notification=msgspec.convert(quest.notification, Notification),
            show_in_profile=quest.show_in_profile,
            show_in_rail=quest.show_in_rail,
            time=TimeShape(
                show_in_ui=quest.show_in_ui,
                from_=int(opens.timestamp()) if opens else None,
                to=int(closes.timestamp()) if closes else None,
            ),
            missions=msgspec.convert(quest.tasks, list[MissionShape]),
            rewards=[PrizeShape.of(benefit) for benefit in quest.benefits],
        )


class StepOfLadder(Shape):
    example = examples.RUNG

    id: str
    title: str
    threshold: int
    perks: list[str]


class LadderShape(Shape):
    example = examples.LADDER

    id: str
    title: str
    metric_id: str
    basis: str
    milestones: list[StepOfLadder]


class ConfigShape(Shape):
    metrics: list[MetricShape]
    inventory: list[InventoryShape]
    challenges: list[ChallengeShape]
    milestones: list[LadderShape]


class ChallengeStanding(Shape):
    is_completed: bool
    missions_completed: list[str]


class ProgressShape(Shape):
    value: float
    target: int


class ProfileShape(Shape):
    example = examples.PROFILE

    metrics: dict[str, int]
    inventory: dict[str, list[str]]  # each item once; how many pieces that is stands in `quantities`
    quantities: dict[str, dict[str, int]]
    challenges: dict[str, ChallengeStanding]
    milestones: dict[str, str | None]
    progress: dict[str, ProgressShape]

    @classmethod
    def of(
        cls,
        *,
        metrics: Mapping[str, int],
        holdings: Sequence[Held],
        offers: Sequence[Offered],
        standings: Mapping[Any, Standing],
        milestones: Mapping[str, str | None],
    ) -> "ProfileShape":
        progress = {
            str(task.pk): ProgressShape(value=float(standings[o.quest.pk].progress[task.pk]), target=task.target)
            for o in offers
            for task in o.tasks
            if task.pk in standings[o.quest.pk].progress
        }
        quantities: dict[str, dict[str, int]] = defaultdict(dict)
        for held in holdings:
            quantities[held.set][held.item] = held.quantity
        return cls(
            metrics=dict(metrics),
            inventory={key: list(items) for key, items in quantities.items()},
            quantities=dict(quantities),
            challenges={
                str(quest_id): ChallengeStanding(
                    is_completed=standing.is_completed,
                    missions_completed=[str(task_id) for task_id in standing.tasks_completed],
                )
                for quest_id, standing in standings.items()
            },
            milestones=dict(milestones),
            progress=progress,
        )


class InventoryPlace(Shape):
    set_id: str
    item_id: str
    quantity: int


class InventoryChanges(Shape):
    received: list[InventoryPlace]
    lost: list[InventoryPlace]


class NumberChange(Shape):
    old_value: int
    new_value: int


class StepChange(Shape):
    old_value: str | None
    new_value: str | None


class PayloadShape(Shape):
    example = examples.PAYLOAD

    challenge_id: str | None = None
    mission_id: str | None = None
    coupon_id: str | None = None
    metric_changes: dict[str, NumberChange] = {}
    inventory_changes: InventoryChanges = msgspec.field(default_factory=lambda: InventoryChanges(received=[], lost=[]))
    milestone_changes: dict[str, StepChange] = {}


class HistoryItem(Shape):
    example = examples.HAPPENED

    id: str
    timestamp: int
    type: str
    payload: PayloadShape

    @classmethod
    def of(cls, item: Item) -> "HistoryItem":
        payload = msgspec.convert(item.payload, PayloadShape)
        return cls(id=str(item.id), timestamp=int(item.at.timestamp()), type=item.type, payload=payload)


class NotificationItem(HistoryItem):
    example = {**examples.HAPPENED, **examples.WELL_DONE}

    display: str
    title: str
    message: str

    @classmethod
    def of(cls, item: Item) -> "NotificationItem":
        told = HistoryItem.of(item)
        return cls(
            id=told.id,
            timestamp=told.timestamp,
            type=told.type,
            payload=told.payload,
            display=item.notice.display,
            title=item.notice.title,
            message=item.notice.message,
        )


class Config(Shape):
    example = examples.OK

    message: str
    data: ConfigShape


class Profile(Shape):
    example = examples.OK

    message: str
    data: ProfileShape


class Notifications(Shape):
    example = examples.OK

    message: str
    data: list[NotificationItem]


class History(Shape):
    example = examples.OK

    message: str
    data: list[HistoryItem]
    next_cursor: str | None
