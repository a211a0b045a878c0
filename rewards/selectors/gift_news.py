"""How the news of gift orders and cards read outside."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from loyalty.models import Business, Event
from rewards.models import GiftOrder

WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")  # PartiallyFailed is partially_failed here

Described = Mapping[UUID, Mapping[str, Any]]


def describe_orders(business: Business, happened: Sequence[Event]) -> Described:
    """Which order, under which number, came out how."""
    orders = GiftOrder.objects.for_business(business).in_bulk([event.facts["id"] for event in happened])
    by_id = {str(id): order for id, order in orders.items()}
    return {
        event.pk: {
            "id": event.facts["id"],
            "reference": by_id[event.facts["id"]].po_number,
            "status": WORD.sub("_", event.facts["status"]).lower(),
        }
        for event in happened
    }


def describe_cards(business: Business, happened: Sequence[Event]) -> Described:
    """Cards are told by their ids and status alone."""
    return {event.pk: event.facts for event in happened}
