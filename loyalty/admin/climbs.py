"""A person on the ladders, as their page shows it: where they stand, and why they moved."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from loyalty.admin import look
from loyalty.admin.panels import Panel
from loyalty.models import Business, Event, MilestoneSet
from loyalty.selectors import ladders
from loyalty.selectors.ladders import Place

SHOWN = 5  # moves
Basis = MilestoneSet.Basis


def standing(business: Business, account_id: UUID) -> Panel:
    headers = ("Ladder", "Step", "What counts", "Next step", "Period ends")
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
    step = f"{step}, by hand" if place.is_manual else step
    return [place.title, step, counts, upcoming, look.moment(place.period_to)]


def _move(event: Event) -> list[object]:
    facts = event.facts
    steps = [facts.get(name, look.NOTHING) for name in ("before", "milestone")]
    return [look.moment(event.created_at), facts["set"], *steps, WHY[facts["cause"]](facts)]


def _earned(facts: Mapping[str, Any]) -> str:
    value, threshold = look.points(facts["value"]), look.points(facts["threshold"])
    counts = Basis(facts["basis"]).label.lower()
    return f"{value} ({counts}); {'it takes' if facts['direction'] == 'up' else 'it took'} {threshold}"


def _period(facts: Mapping[str, Any]) -> str:
    value, threshold = look.points(facts["value"]), look.points(facts["threshold"])
    end = timezone.localtime(datetime.fromisoformat(facts["periodTo"])).date()
    return f"{value} until {end}; it took {threshold}: {FELL[facts['downgrade']]}"


FELL = {"oneStep": "one step down", "toEarned": "down to what was reached"}
WHY: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "earned": _earned,
    "period": _period,
    "manual": lambda facts: "Chosen by hand",
    "ladder": lambda facts: "The ladder was changed",
}
