"""Testimonials and ideas in published events: one query for a page of events, however long it is."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from advocates.models import Idea, Testimonial
from loyalty.models import Business, Event

Described = Mapping[UUID, Mapping[str, Any]]


def describe_testimonials(business: Business, page: Sequence[Event]) -> Described:
    """With the status as it was at the event."""
    named = {event.pk: UUID(event.facts["testimonialId"]) for event in page}
    rows = Testimonial.objects.for_business(business).in_bulk(set(named.values()))
    return {
        event.pk: {
            "id": row.pk,
            "rating": row.rating,
            "title": row.title,
            "body": row.body,
            "status": event.facts["status"],
        }
        for event in page
        if (row := rows.get(named[event.pk]))
    }


def describe_ideas(business: Business, page: Sequence[Event]) -> Described:
    """With status and votes as they were at the event."""
    return {event.pk: _idea(event, row) for event, row in _ideas_of(business, page)}


def describe_moves(business: Business, page: Sequence[Event]) -> Described:
    """And where from, what the business says, and whether the person who hears of it had the idea."""
    return {
        event.pk: {
            **_idea(event, row),
            "previousStatus": event.facts["previousStatus"],
            "response": row.response or None,
            "isAuthor": event.facts["isAuthor"],
        }
        for event, row in _ideas_of(business, page)
    }


def _ideas_of(business: Business, page: Sequence[Event]) -> list[tuple[Event, Idea]]:
    named = [(event, UUID(event.facts["ideaId"])) for event in page]
    rows = Idea.objects.for_business(business).in_bulk({id for _, id in named})
    return [(event, rows[id]) for event, id in named if id in rows]


def _idea(event: Event, row: Idea) -> dict[str, Any]:
    return {
        "id": row.pk,
        "boardId": row.board_id,
        "title": row.title,
        "body": row.body,
        "status": event.facts["status"],
        "votes": event.facts["votes"],
    }
