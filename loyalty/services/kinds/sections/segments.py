"""`segments`: named groups of people."""

from loyalty.kernel.shapes import Key
from loyalty.models import Business, Segment
from loyalty.services import programme
from loyalty.services.kinds.sections.metrics import Title
from loyalty.services.programme import Part, Section


class SegmentPart(Part):
    key: Key
    title: Title


def export(business: Business) -> list[SegmentPart]:
    live = Segment.objects.for_business(business).filter(archived_at=None).order_by("key")
    return [SegmentPart(key=row.key, title=row.title) for row in live]


def apply(business: Business, part: list[SegmentPart]) -> None:
    wanted = {item.key: {"title": item.title} for item in part}
    programme.put_rows(Segment.objects.for_business(business), wanted, business=business)


SECTION = Section(key="segments", shape=list[SegmentPart], export=export, apply=apply)
