"""Referrals in published events: as many queries for a long page as for a short one."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from advocates.selectors import customers
from loyalty.models import Business, Event
from referrals import events
from referrals.models import Conversion, Referral

Described = Mapping[UUID, Mapping[str, Any]]


def describe_started(business: Business, page: Sequence[Event]) -> Described:
    ids = [UUID(event.facts["referralId"]) for event in page]
    rows = Referral.objects.for_business(business).select_related("code").in_bulk(ids)
    friends = customers.describe_people(business, {row.friend_id for row in rows.values()})
    told = [(event, rows[id]) for event, id in zip(page, ids, strict=True) if id in rows]
    return {event.pk: events.brought(row, friends.get(row.friend_id)) for event, row in told}


def describe_decided(business: Business, page: Sequence[Event]) -> Described:
    ids = [UUID(event.facts["conversionId"]) for event in page]
    rows = Conversion.objects.for_business(business).select_related("code").in_bulk(ids)
    friends = customers.describe_people(business, {row.friend_id for row in rows.values() if row.friend_id})
    told = [(event, rows[id]) for event, id in zip(page, ids, strict=True) if id in rows]
    return {
        event.pk: events.conversion(
            row,
            friends.get(row.friend_id) if row.friend_id else None,
            topic=event.topic,
            reason=event.facts["reason"],
        )
        for event, row in told
    }
