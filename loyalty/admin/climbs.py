"""A person on the ladders, as their page shows it: where they stand, and why they moved."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.html import format_html

from loyalty.admin import look
from loyalty.admin.panels import Panel
from loyalty.models import Business, Event, MilestoneSet
from loyalty.selectors import ladders
from loyalty.selectors.ladders import Place

SHOWN = 5  # moves
Basis = MilestoneSet.Basis


def standing(business: Business, account_id: UUID) -> Panel:
    headers = ("Ladder", "Step", "What counts", "Next step", "Period")
    rows = [_row(place) for place in ladders.places(business=business, account_id=account_id)]
    return Panel("Ladders", headers, rows, empty="The programme has no ladders.")


def moves(business: Business, account_id: UUID) -> Panel:
    latest = ladders.moves(business=business, account_id=account_id)[:SHOWN]
    rows = [_move(event) for event in latest]
    return Panel("Moves on ladders", ("When", "Ladder", "From", "To", "Why"), rows, empty="They have not moved yet.")


def _row(place: Place) -> list[object]:
    step = place.milestone_title or look.NOTHING
    counts = f"{look.points(place.value)} ({Basis(place.basis).label.lower()})"
    upcoming = f"{place.next_title} at {look.points(place.next_threshold or 0)}" if place.next_title else look.NOTHING
    period = look.between(place.period_from, place.period_to) if place.period_to else look.NOTHING
    return [place.title, f"{step}, by hand" if place.is_manual else step, counts, upcoming, period]


def _move(event: Event) -> list[object]:
    facts = event.facts
    steps = [look.code(facts[name]) if name in facts else look.NOTHING for name in ("before", "milestone")]
    return [look.moment(event.created_at), look.code(facts["set"]), *steps, WHY[facts["cause"]](facts)]


def _earned(facts: Mapping[str, Any]) -> object:
    value, threshold = look.points(facts["value"]), look.points(facts["threshold"])
    counts = Basis(facts["basis"]).label.lower()
    return f"{value} ({counts}); {'it takes' if facts['direction'] == 'up' else 'it took'} {threshold}"


def _period(facts: Mapping[str, Any]) -> object:
    start, end = (datetime.fromisoformat(facts[name]) for name in ("periodFrom", "periodTo"))
    rule = MilestoneSet.Downgrade(facts["downgrade"]).label.lower()
    return format_html("{}, in {}: {}", _earned(facts), look.between(start, end), rule)


WHY: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "earned": _earned,
    "period": _period,
    "manual": lambda facts: "Chosen by hand",
    "ladder": lambda facts: "The ladder was changed",
}
