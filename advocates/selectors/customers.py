"""The people in published events, a page of events at a time: four queries, however long the page."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from advocates.events import ERASED, customer, tier
from advocates.models import Advocate
from advocates.selectors import referral_links
from loyalty.models import Business, Event, Milestone
from loyalty.selectors import ledger

MERGES = ("mergedAdvocateId", "splitAdvocateId")

Described = Mapping[UUID, Mapping[str, Any]]


def describe_customers(business: Business, page: Sequence[Event]) -> Described:
    """Of somebody who was erased since nothing is said."""
    page = [event for event in page if event.topic != ERASED]
    people = (
        Advocate.objects.for_business(business)
        .select_related("account__tier")
        .in_bulk({event.account_id for event in page if event.account_id})
    )
    balances = _balances_after(business, page)
    links = referral_links.of(business, people)
    return {
        event.pk: {"customer": customer(person, balance=balances[event.pk], referral_url=links.get(person.pk))}
        if (person := people.get(event.account_id))
        else {"customer": None}
        for event in page
        if event.account_id
    }


def describe_people(business: Business, advocate_ids: Collection[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    """People that an event names beside its own, as they are now."""
    people = Advocate.objects.for_business(business).select_related("account__tier").in_bulk(advocate_ids)
    wallets = ledger.wallets(business=business, account_ids=people)
    links = referral_links.of(business, people)
    return {
        id: customer(person, balance=wallets[id].amount, referral_url=links.get(id)) for id, person in people.items()
    }


def describe_tier_changes(business: Business, page: Sequence[Event]) -> Described:
    named = {event.pk: (event.facts["oldTierId"], event.facts["newTierId"]) for event in page}
    tiers = Milestone.objects.for_business(business).in_bulk({id for pair in named.values() for id in pair if id})
    by_text = {str(id): milestone for id, milestone in tiers.items()}
    return {
        id: {"oldTier": tier(by_text.get(old)), "newTier": tier(by_text.get(new))} for id, (old, new) in named.items()
    }


def describe_milestone_changes(business: Business, page: Sequence[Event]) -> Described:
    """On a ladder that is not the tiers. The ladder and its steps go by their keys, as in the programme."""
    named = {id for event in page for id in (event.facts["oldMilestoneId"], event.facts["newMilestoneId"]) if id}
    steps = Milestone.objects.for_business(business).select_related("set").in_bulk(named)
    by_text = {str(id): step for id, step in steps.items()}
    return {
        event.pk: {
            "milestoneSet": event.facts["set"],
            "oldMilestone": _step(by_text.get(event.facts["oldMilestoneId"])),
            "newMilestone": _step(by_text.get(event.facts["newMilestoneId"])),
        }
        for event in page
    }


def describe_entry_rewards(business: Business, page: Sequence[Event]) -> Described:
    tiers = Milestone.objects.for_business(business).in_bulk({UUID(event.facts["tierId"]) for event in page})
    return {
        event.pk: {
            "id": event.facts["arrivalId"],
            "tier": tier(tiers.get(UUID(event.facts["tierId"]))),
            "points": event.facts["points"],
        }
        for event in page
    }


def _step(milestone: Milestone | None) -> dict[str, Any] | None:
    return {"id": milestone.key, "title": milestone.title} if milestone else None


def describe_merges(business: Business, page: Sequence[Event]) -> Described:
    """Which advocate was merged into this one, or split off again."""
    return {event.pk: {name: event.facts[name] for name in MERGES if name in event.facts} for event in page}


def describe_erasures(business: Business, page: Sequence[Event]) -> Described:
    """An id is all that is left to say."""
    return {event.pk: {"id": event.account_id} for event in page}


def _balances_after(business: Business, page: Sequence[Event]) -> dict[UUID, int]:
    """The points that each event's account had right after it: as it, or the latest before that moved points, says."""
    known = {event.pk: event.facts["balance"] for event in page if event.facts.get("metric") == "points"}
    others = [event.pk for event in page if event.pk not in known]
    if not others:
        return known
    events = Event.objects.for_business(business)
    moved = events.filter(
        account_id=OuterRef("account_id"),
        sequence__lte=OuterRef("sequence"),
        facts__metric="points",
        facts__has_key="balance",
    )
    latest = Subquery(moved.order_by("-sequence").values("facts__balance")[:1])
    rows = events.filter(pk__in=others).annotate(balance=latest).values_list("pk", "balance")
    return known | {id: balance or 0 for id, balance in rows}
