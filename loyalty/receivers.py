"""What the floor itself says of its events: how points moved."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from loyalty import events
from loyalty.models import Business, Event


def describe_points(business: Business, page: Sequence[Event]) -> Mapping[UUID, Mapping[str, Any]]:
    """Facts alone: the reward's fields are filled in by who knows rewards."""
    return {event.pk: _movement(event.topic, event.facts) for event in page}


def _movement(topic: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    coupon = {"couponCode": None} if topic == "points/redeemed" else {}
    return {
        "id": facts.get("entryId"),
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
    }


events.register_describer(describe_points, "points/*")
