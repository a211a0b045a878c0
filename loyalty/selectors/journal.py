"""What happened to a person, as their app shows it: their events, in their own words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from loyalty.models import Account, Business, Event, Milestone, Quest, Task
from loyalty.selectors import inventory, ladders

Payload = dict[str, Any]
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """How a person is told: `display` is none, toast, modal or banner."""

    display: str = "none"
    title: str = ""
    message: str = ""


SILENT = Notice()
MOST_PAGES = 10  # of silent events in one call; the next one goes on behind them

TIER_CHANGED, MILESTONE_CHANGED = ladders.MOVES
TIERS = ("oldTierId", "newTierId")
MILESTONES = ("oldMilestoneId", "newMilestoneId")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened to somebody."""

    id: UUID
    sequence: int
    at: datetime
    type: str
    payload: Payload
    notice: Notice


def events_of(*, business: Business, account_id: UUID) -> "QuerySet[Event]":
    """A person's events that their app has a word for, but for moves of pending points; page them by `sequence`."""
    theirs = Event.objects.for_business(business).filter(account_id=account_id, topic__in=list(KINDS))
    return theirs.exclude(facts__contains={"ripe": 0})


def between(rows: "QuerySet[Event]", *, start: int | None, end: int | None) -> "QuerySet[Event]":
    """Those from `start` on and before `end`, in epoch seconds."""
    if start is not None:
        rows = rows.filter(created_at__gte=datetime.fromtimestamp(start, UTC))
    return rows if end is None else rows.filter(created_at__lt=datetime.fromtimestamp(end, UTC))


def items(page: Sequence[Event], *, business: Business) -> list[Item]:
    """The events of one person, told with what the programme says of them: at most four queries."""
    words = _Words.of(page, business)
    return [_item(event, words) for event in page]


class Unread(NamedTuple):
    """What somebody has not been told yet, and up to which of their events that looks."""

    items: Sequence[Item]
    up_to: int


def unread(account: Account, *, business: Business, most: int = 100) -> Unread:
    """What somebody has not been told yet, and wants to be told; oldest first. Behind silent events, too."""
    events = events_of(business=business, account_id=account.pk).exclude(topic__in=NEVER_TOLD).order_by("sequence")
    up_to = account.read_sequence
    for _ in range(MOST_PAGES):
        page = list(events.filter(sequence__gt=up_to)[:most])
        is_last = len(page) < most
        up_to = max(up_to, account.event_sequence if is_last else 0, *(event.sequence or 0 for event in page))
        found = [item for item in items(page, business=business) if item.notice.display != "none"]
        if found or is_last:
            return Unread(found, up_to)
    return Unread((), up_to)


@dataclass(frozen=True, slots=True)
class _Words:
    """What events name by id."""

    tasks: Mapping[str, Notice]
    quests: Mapping[str, Notice]
    steps: Mapping[str, Milestone]
    items: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, page: Sequence[Event], business: Business) -> "_Words":
        def named(topic: str, *names: str) -> set[str]:
            return {e.facts[name] for e in page if e.topic == topic for name in names if e.facts.get(name)}

        steps = named(TIER_CHANGED, *TIERS) | named(MILESTONE_CHANGED, *MILESTONES)

        tasks = Task.objects.for_business(business).filter(pk__in=named("tasks/completed", "taskId"))
        quests = Quest.objects.for_business(business).filter(pk__in=named("quests/completed", "questId"))
        ladder = Milestone.objects.for_business(business).select_related("set")
        collected = {(e.facts["set"], e.facts["item"]) for e in page if e.topic == "inventory/received"}
        return cls(
            tasks={str(pk): Notice(**said) for pk, said in tasks.values_list("pk", "notification")},
            quests={str(pk): Notice(**said) for pk, said in quests.values_list("pk", "current__notification")},
            steps={str(row.pk): row for row in ladder.filter(pk__in=steps)},
            items=inventory.titles(collected, business=business),
        )


def _item(event: Event, words: _Words) -> Item:
    type, payload, notice = KINDS[event.topic](event.facts, words)
    assert event.sequence is not None  # events of accounts have one
    return Item(event.pk, event.sequence, event.created_at, type, payload, notice)


Told = tuple[str, Payload, Notice]


def _task_completed(facts: Facts, words: _Words) -> Told:
    payload = {"challengeId": facts["questId"], "missionId": facts["taskId"]}
    return "missionCompleted", payload, words.tasks.get(facts["taskId"], SILENT)


def _quest_completed(facts: Facts, words: _Words) -> Told:
    return "challengeCompleted", {"challengeId": facts["questId"]}, words.quests.get(facts["questId"], SILENT)


def _metric_changed(facts: Facts, words: _Words) -> Told:
    balance, moved = facts["balance"], facts.get("ripe", facts["amount"])
    changes = {facts["metric"]: {"oldValue": balance - moved, "newValue": balance}}
    return "metricChanged", {"metricChanges": changes}, SILENT


def _tier_changed(facts: Facts, words: _Words) -> Told:
    return _milestone_reached(facts, words, TIERS)


def _milestone_changed(facts: Facts, words: _Words) -> Told:
    return _milestone_reached(facts, words, MILESTONES)


def _milestone_reached(facts: Facts, words: _Words, names: Sequence[str]) -> Told:
    """Nobody is congratulated on going down."""
    old, new = (words.steps.get(facts.get(name) or "") for name in names)
    changes = {facts["set"]: {"oldValue": old and old.key, "newValue": new and new.key}}
    notice = Notice("toast", new.title, "") if new and facts["direction"] == "up" else SILENT
    return "milestoneReached", {"milestoneChanges": changes}, notice


def _coupon_received(facts: Facts, words: _Words) -> Told:
    return "couponReceived", {"couponId": facts["redemptionId"]}, Notice("toast", "Your coupon is ready", "")


def _reward_redeemed(facts: Facts, words: _Words) -> Told:
    return "rewardRedeemed", {"couponId": facts["redemptionId"]}, SILENT


def _item_received(facts: Facts, words: _Words) -> Told:
    title = words.items.get((facts["set"], facts["item"]), "")
    notice = Notice("toast", title, "") if title and facts["action"] != "merge" else SILENT
    return "inventoryChanged", _inventory(received=[_place(facts)], lost=[]), notice


def _item_lost(facts: Facts, words: _Words) -> Told:
    return "inventoryChanged", _inventory(received=[], lost=[_place(facts)]), SILENT


def _inventory(**changes: list[Payload]) -> Payload:
    return {"inventoryChanges": changes}


def _place(facts: Facts) -> Payload:
    return {"setId": facts["set"], "itemId": facts["item"], "quantity": facts["quantity"]}


NEVER_TOLD = (
    *("points/earned", "points/redeemed", "points/adjusted", "points/expired", "points/reversed"),
    *("redemptions/created", "inventory/lost"),
)
KINDS: Mapping[str, Callable[[Facts, _Words], Told]] = {
    "tasks/completed": _task_completed,
    "quests/completed": _quest_completed,
    "points/earned": _metric_changed,
    "points/redeemed": _metric_changed,
    "points/adjusted": _metric_changed,
    "points/expired": _metric_changed,
    "points/reversed": _metric_changed,
    TIER_CHANGED: _tier_changed,
    MILESTONE_CHANGED: _milestone_changed,
    "redemptions/created": _reward_redeemed,
    "redemptions/issued": _coupon_received,
    "inventory/received": _item_received,
    "inventory/lost": _item_lost,
}
