"""Segments and memberships in the dashboard: what they bring, and who is in them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from loyalty.admin import look, panels, people
from loyalty.admin.archiving import Archivable
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.inventory import KEY_HELP, KeyedForm
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel import periods
from loyalty.models import Segment
from loyalty.selectors.segments import current
from loyalty.services import segments

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


class SegmentForm(KeyedForm):
    class Meta:
        model = Segment
        fields = ("title", "key")
        help_texts = {"title": "As your team reads it: people do not see it.", "key": KEY_HELP}

    def write(self) -> Segment:
        title = self.cleaned_data["title"]
        if self.instance._state.adding:
            return segments.declare(business=self.business, title=title, key=self.cleaned_data.get("key"))
        return segments.rename(business=self.business, segment_id=self.instance.pk, title=title)


@admin.register(Segment)
class SegmentAdmin(Archivable, ServiceAdmin):
    """Memberships are to look at: what they bring is written in the programme."""

    form = SegmentForm
    archived_text = "Nobody new comes in, and nothing can be kept for it. Its members stay: you can fetch it back."
    fields = ("title", "key")
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
    view_fields = (
        look.column("Key", lambda segment: look.code(segment.key)),
        look.column("Perks", lambda segment: ", ".join(segment.perks) or look.NOTHING),
        look.column("Joining brings", lambda segment: look.pretty(segment.benefits)),
    )
    when_empty = "Segments are groups of people. Memberships bring them something, and are written in the programme."

    def get_readonly_fields(self, request: HttpRequest, obj: Segment | None = None) -> Any:
        if obj is None:
            return ()
        return ("key",) if self.has_change_permission(request, obj) else self.view_fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.is_membership)

    def offers(self, request: HttpRequest, button: str, row: Segment) -> bool:
        return not row.is_membership and super().offers(request, button, row)

    def put_away(self, row: Segment, *, archived: bool) -> None:
        segments.set_archived(business=row.business, segment_id=row.pk, archived=archived)

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
