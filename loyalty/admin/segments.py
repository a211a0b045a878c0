"""Segments and memberships in the dashboard: what they bring, and who is in them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from loyalty.admin import look, panels, people
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel import periods
from loyalty.models import Segment
from loyalty.selectors.segments import current

SHOWN = 50  # members on a page
KINDS = {True: ("Membership", "primary"), False: ("Segment", "")}


def kind(segment: Segment) -> object:
    return look.state("Archived") if segment.archived_at else look.state(*KINDS[segment.is_membership])


def lasts(segment: Segment) -> str:
    return periods.in_words(segment.months, segment.days) or "Until it is taken away"


def factor(segment: Segment) -> str:
    return look.NOTHING if segment.multiplier == 1 else f"× {segment.multiplier}"


MEMBER = (
    look.moment_of("joined_at", "Since"),
    look.column("Who", lambda member: look.person(member.person)),
    look.column("Until", lambda member: look.moment(member.ends_at)),
)


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin):
    list_display = (
        "title",
        look.column("Kind", kind),
        look.column("Key", lambda segment: look.code(segment.key)),
        look.column("Lasts", lasts),
        look.column("Points", factor),
    )
    list_filter = ("is_membership",)
    search_fields = ("title", "key")
    ordering = ("title",)
    sortable_by = ()
    shown = (
        (
            None,
            (
                look.column("Key", lambda segment: look.code(segment.key)),
                look.column("Perks", lambda segment: ", ".join(segment.perks) or look.NOTHING),
                look.column("Joining brings", lambda segment: look.pretty(segment.benefits)),
            ),
        ),
    )
    when_empty = "Segments are groups of people; memberships bring them something. They are written in the programme."

    def summary(self, request: HttpRequest, segment: Segment) -> Sequence[Figure]:
        members = current(business=segment.business).filter(segment=segment).count()
        return (
            Figure("Kind", kind(segment)),
            Figure("Members", look.points(members)),
            Figure("Lasts", lasts(segment)),
            Figure("Points", factor(segment), "of what rules pay that multiply by tier"),
        )

    def panels(self, request: HttpRequest, segment: Segment) -> Sequence[Panel]:
        newest: Any = current(business=segment.business).filter(segment=segment).order_by("-joined_at")
        rows = list(newest[:SHOWN])
        named = people.of(request, {row.account_id for row in rows})
        for row in rows:
            row.person = named.get(row.account_id)
        return [panels.table("Who joined last", MEMBER, rows, empty="Nobody is in it.")]
