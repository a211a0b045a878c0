"""`metrics`: what the programme counts. `points` is always there."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from loyalty.kernel import points
from loyalty.kernel.shapes import Key
from loyalty.models import Business, Metric
from loyalty.services import programme
from loyalty.services.ledger import POINTS
from loyalty.services.programme import Document, Part, Problem, Section

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=points.MAX_BALANCE)]


class MetricPart(Part):
    key: Key
    title: Title
    minimum: Amount = 0
    maximum: Amount | None = None


def export(business: Business) -> list[MetricPart]:
    live = Metric.objects.for_business(business).filter(archived_at=None).order_by("key")
    return [MetricPart(key=row.key, title=row.title, minimum=row.minimum, maximum=row.maximum) for row in live]


def apply(business: Business, part: list[MetricPart]) -> None:
    wanted = {item.key: {"title": item.title, "minimum": item.minimum, "maximum": item.maximum} for item in part}
    programme.put_rows(Metric.objects.for_business(business), wanted, business=business)


def check(part: list[MetricPart], document: Document) -> Iterator[Problem]:
    if POINTS not in {item.key for item in part}:
        yield Problem(path="metrics", message="Every programme counts points. Add the metric with the key points.")
    for number, item in enumerate(part):
        if item.maximum is not None and item.maximum <= item.minimum:
            yield Problem(path=f"metrics.{number}.maximum", message="It must be above the minimum.")


SECTION = Section(key="metrics", shape=list[MetricPart], export=export, apply=apply, check=check)
