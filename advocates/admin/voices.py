"""What the pages about people's words share: who wrote them, who decides, and what was decided before."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest

from loyalty.admin import links, look
from loyalty.admin.filters import OfPerson
from loyalty.admin.panels import Panel

LONGEST = 60  # characters of a title, in a list

WHEN = look.moment_of("created_at", "When")
WHOSE = look.column("Advocate", lambda row: look.link(row.advocate, links.url_of(row.advocate)))


class OfAdvocate(OfPerson):
    parameter_name = "advocate"
    field = "advocate_id"


def decider(request: HttpRequest) -> str:
    """Who decides, for the history."""
    return str(getattr(request.user, "email", ""))


def short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def state(row: Any, colours: Mapping[str, str]) -> object:
    return look.state(row.get_status_display(), colours.get(row.status, ""))


def history(decisions: Iterable[Any], *, text: str) -> Panel:
    """A table of decisions, the latest first.

    :param text: their column that holds the words
    """
    rows = [
        [
            look.moment(decision.at),
            decision.by,
            f"{decision.get_was_display()} → {decision.get_became_display()}",
            getattr(decision, text) or look.NOTHING,
        ]
        for decision in decisions
    ]
    return Panel("History", ("When", "By", "What", "Words"), rows, empty="Nobody has decided anything yet.")
