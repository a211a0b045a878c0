"""What the floor itself says of its events, holds of people, and keeps in the programme's document."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from loyalty import events
from loyalty.models import Business, Event
from loyalty.services import (
    actions,
    arrivals,
    businesses,
    climb_people,
    climbing,
    earn_people,
    earn_section,
    event_section,
    hold_people,
    hold_section,
    idempotency,
    inventory_people,
    member_people,
    personal_data,
    programme,
    proof_files,
    quest_people,
    quest_section,
    sealing,
    signing,
    stamp_cards,
    stamp_people,
    starting,
    take_backs,
    tap_people,
    tap_section,
)
from loyalty.services.holdings import HOLDERS
from loyalty.services.kinds import sections
from loyalty.services.kinds.benefits import membership, register_kind


def describe_points(business: Business, page: Sequence[Event]) -> Mapping[UUID, Mapping[str, Any]]:
    """Facts alone: the reward's fields are filled in by who knows rewards."""
    return {event.pk: _movement(event) for event in page}


def describe_completions(business: Business, page: Sequence[Event]) -> Mapping[UUID, Mapping[str, Any]]:
    return {event.pk: _completion(event) for event in page}


def _completion(event: Event) -> dict[str, Any]:
    facts = dict(event.facts)
    return {"id": facts.pop("completionId"), **facts, "completedAt": event.created_at}


def describe_items(business: Business, page: Sequence[Event]) -> Mapping[UUID, Mapping[str, Any]]:
    return {event.pk: _item(event) for event in page}


def _item(event: Event) -> dict[str, Any]:
    facts = dict(event.facts)
    return {"id": facts.pop("changeId"), **facts}


def _movement(event: Event) -> dict[str, Any]:
    topic, facts = event.topic, event.facts
    coupon = {"couponCode": None} if topic == "points/redeemed" else {}
    return {
        "id": facts.get("entryId", event.pk),  # a warning has no entry
        "action": facts.get("action"),
        "points": abs(facts["amount"]),
        "type": "credit" if facts["amount"] > 0 else "debit",
        "ruleId": facts.get("ruleId"),
        **coupon,
        "rewardType": None,
        "rewardId": None,
        "redemptionId": None,
        "value": None,
        "currency": None,
        **({name: facts[name] for name in ("expiresAt", "warnDays")} if topic == "points/expiring" else {}),
    }


events.register_describer(describe_points, "points/*")
events.register_describer(describe_completions, "tasks/completed", "quests/completed")

events.register_describer(describe_items, "inventory/*")

sealing.register(signing.SEALED, idempotency.SEALED, proof_files.SEALED)

for holder in (*HOLDERS, *quest_people.ALL, earn_people.USES, *inventory_people.ALL, *climb_people.ALL):
    personal_data.register_holder(holder)
OTHERS = (hold_people.ACCRUALS, tap_people.METERS, stamp_people.REWARDS, member_people.ADMISSIONS, proof_files.FILES)
for holder in OTHERS:
    personal_data.register_holder(holder)

OWN = (event_section, quest_section, earn_section, hold_section, tap_section)
for section in (*sections.ALL, *(module.SECTION for module in OWN)):
    programme.register_section(section)

register_kind("membership", membership)

businesses.follow_clock(
    "loyalty.settle_due_lots",
    "loyalty.warn_of_expiry",
    "loyalty.settle_silence",
    "loyalty.accrue_holdings",
    "loyalty.turn_periods",
    "loyalty.end_memberships",
)

events.register_receiver(starting.hear, "customers/joined")  # before rules pay for it
TOLD = [topic for topic in actions.TRIGGERS if topic not in climbing.TOPICS]
events.register_receiver(actions.hear, *TOLD, hears=actions.hears)
events.register_receiver(take_backs.hear, *take_backs.UNDOINGS)
events.register_receiver(climbing.hear, *climbing.TOPICS, stamp_cards.COLLECTED)
climbing.register_follower(arrivals.welcome, *climbing.TOPICS)
climbing.register_follower(actions.hear_moves, *climbing.TOPICS)
climbing.register_follower(stamp_cards.reward, stamp_cards.COLLECTED)
