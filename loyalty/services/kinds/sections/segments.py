"""`segments`: named groups of people; `memberships`: those that bring something. They share their keys."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from loyalty.kernel import periods
from loyalty.kernel.shapes import Key
from loyalty.models import Business, Segment
from loyalty.services import benefits, programme
from loyalty.services.earn_terms import Ratio
from loyalty.services.kinds.sections.metrics import MOST_DAYS, MOST_MONTHS, Title
from loyalty.services.programme import Document, Part, Problem, Section
from loyalty.services.quest_rules import Benefits

Perk = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class SegmentPart(Part):
    key: Key
    title: Title


class MembershipPart(Part):
    """What it brings: a factor on what rules pay, where they say so; benefits, once; and what people read of it."""

    key: Key
    title: Title
    lasts: Annotated[str, msgspec.Meta(pattern=periods.DURATION)] | None = None  # null: for ever
    multiplier: Ratio = msgspec.field(default_factory=lambda: [1, 1])
    benefits: Benefits = []
    perks: Annotated[list[Perk], msgspec.Meta(max_length=20)] = []

    @classmethod
    def of(cls, row: Segment) -> "MembershipPart":
        return cls(
            key=row.key,
            title=row.title,
            lasts=periods.duration_of(row.months, row.days) if row.months or row.days else None,
            multiplier=[row.multiplier_top, row.multiplier_bottom],
            benefits=row.benefits,
            perks=row.perks,
        )


def export(business: Business) -> list[SegmentPart]:
    return [SegmentPart(key=row.key, title=row.title) for row in _live(business, is_membership=False)]


def export_memberships(business: Business) -> list[MembershipPart]:
    return [MembershipPart.of(row) for row in _live(business, is_membership=True)]


def apply(business: Business, part: list[SegmentPart]) -> None:
    _put(business, {item.key: {"title": item.title} for item in part}, is_membership=False)


def apply_memberships(business: Business, part: list[MembershipPart]) -> None:
    _put(business, {item.key: _columns(item) for item in part}, is_membership=True)


def finish_memberships(business: Business, part: list[MembershipPart]) -> None:
    """What joining brings may be named in any section, so it is looked up last.

    :raises DomainError: naming the field in the document
    """
    for number, item in enumerate(part):
        given = benefits.checked(item.benefits, business=business, field=f"memberships.{number}.benefits")
        Segment.objects.for_business(business).filter(key=item.key).update(benefits=given)


def check_memberships(part: list[MembershipPart], document: Document) -> Iterator[Problem]:
    taken = {segment.key for segment in document["segments"]}
    for number, item in enumerate(part):
        path = f"memberships.{number}"
        if item.key in taken:
            message = f"There is a segment {item.key!r}, and memberships are segments, too. Give it another key."
            yield Problem(path=f"{path}.key", message=message)
        months, days = periods.months_and_days(item.lasts) if item.lasts else (0, 1)
        if not (months + days > 0 and months <= MOST_MONTHS and days <= MOST_DAYS):
            yield Problem(path=f"{path}.lasts", message="It lasts a day at least, and a hundred years at most.")
        yield from benefits.dangling(item.benefits, document, path=f"{path}.benefits")


def _live(business: Business, *, is_membership: bool) -> Any:
    rows = Segment.objects.for_business(business).filter(archived_at=None, is_membership=is_membership)
    return rows.order_by("key")


def _put(business: Business, wanted: dict[str, dict[str, object]], *, is_membership: bool) -> None:
    """Whoever is in a segment that becomes a membership, or the other way round, stays in it."""
    rows = Segment.objects.for_business(business)
    rows.filter(key__in=wanted).exclude(is_membership=is_membership).update(is_membership=is_membership)
    ours = rows.filter(is_membership=is_membership)
    programme.put_rows(ours, wanted, business=business, is_membership=is_membership)


def _columns(item: MembershipPart) -> dict[str, object]:
    months, days = periods.months_and_days(item.lasts) if item.lasts else (0, 0)
    top, bottom = item.multiplier
    return {
        "title": item.title,
        "months": months,
        "days": days,
        "multiplier_top": top,
        "multiplier_bottom": bottom,
        "benefits": item.benefits,
        "perks": item.perks,
    }


SECTION = Section(key="segments", shape=list[SegmentPart], export=export, apply=apply)
MEMBERSHIPS = Section(
    key="memberships",
    shape=list[MembershipPart],
    export=export_memberships,
    apply=apply_memberships,
    check=check_memberships,
    after=("metrics", "segments", "inventorySets"),
    finish=finish_memberships,
)
