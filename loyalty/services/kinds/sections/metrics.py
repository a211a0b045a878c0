"""`metrics`: what the programme counts. `points` is always there."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from loyalty.kernel import periods, points
from loyalty.kernel.errors import Invalid
from loyalty.kernel.shapes import Key
from loyalty.models import Business, Metric
from loyalty.services import programme
from loyalty.services.ledger import POINTS
from loyalty.services.programme import Document, Part, Problem, Section

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=points.MAX_BALANCE)]
PICTURE = r"^https://\S{1,490}$(?!\n)"
Media = Annotated[str, msgspec.Meta(pattern=PICTURE)]
WarnDays = Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=365)]], msgspec.Meta(max_length=5)]

MOST_MONTHS, MOST_DAYS = 1200, 36_500  # a hundred years


class ExpiryPart(Part):
    """When it expires: each award so long after it was earned, or all of it after so long a silence."""

    after: Annotated[str, msgspec.Meta(pattern=periods.DURATION)]
    basis: Literal["lot", "inactivity"] = "lot"
    warn_days: WarnDays = []
    zone: Literal["programme"] = "programme"  # whose days they are

    @classmethod
    def of(cls, row: Metric) -> "ExpiryPart | None":
        if not row.expiry_basis:
            return None
        basis: Literal["lot", "inactivity"] = "lot" if row.expiry_basis == Metric.Basis.LOT else "inactivity"
        after = periods.duration_of(row.expiry_months, row.expiry_days)
        return cls(after=after, basis=basis, warn_days=list(row.warn_days))


class MetricPart(Part):
    key: Key
    title: Title
    media: Media | None = None
    default: Amount | None = None  # null: the minimum
    minimum: Amount = 0
    maximum: Amount | None = None
    expiry: ExpiryPart | None = None

    @property
    def start(self) -> int:
        return self.minimum if self.default is None else self.default


def export(business: Business) -> list[MetricPart]:
    live = Metric.objects.for_business(business).filter(archived_at=None, is_stamps=False).order_by("key")
    return [
        MetricPart(
            key=row.key,
            title=row.title,
            media=row.media or None,
            default=row.default_value,
            minimum=row.minimum,
            maximum=row.maximum,
            expiry=ExpiryPart.of(row),
        )
        for row in live
    ]


def _columns(item: MetricPart) -> dict[str, object]:
    expiry = item.expiry
    months, days = periods.months_and_days(expiry.after) if expiry else (0, 0)
    return {
        "title": item.title,
        "media": item.media or "",
        "default_value": item.start,
        "minimum": item.minimum,
        "maximum": item.maximum,
        "expiry_basis": expiry.basis if expiry else "",
        "expiry_months": months,
        "expiry_days": days,
        "warn_days": sorted(set(expiry.warn_days), reverse=True) if expiry else [],
    }


def apply(business: Business, part: list[MetricPart]) -> None:
    """:raises Invalid: if a key is that of a stamp card's own metric, also of one that is archived"""
    wanted = {item.key: _columns(item) for item in part}
    metrics = Metric.objects.for_business(business)
    of_cards = set(metrics.filter(is_stamps=True, key__in=wanted).values_list("key", flat=True))
    for number, item in enumerate(part):
        if item.key in of_cards:
            field = f"metrics.{number}.key"
            raise Invalid(f"A stamp card is, or was, called {item.key!r}. Give the metric another key.", field=field)
    programme.put_rows(metrics.filter(is_stamps=False), wanted, business=business)


def check(part: list[MetricPart], document: Document) -> Iterator[Problem]:
    if POINTS not in {item.key for item in part}:
        yield Problem(path="metrics", message="Every programme counts points. Add the metric with the key points.")
    for number, item in enumerate(part):
        if item.maximum is not None and item.maximum <= item.minimum:
            yield Problem(path=f"metrics.{number}.maximum", message="It must be above the minimum.")
        elif not item.minimum <= item.start <= (points.MAX_BALANCE if item.maximum is None else item.maximum):
            yield Problem(path=f"metrics.{number}.default", message="It must lie between the minimum and the maximum.")
        if item.expiry:
            months, days = periods.months_and_days(item.expiry.after)
            if not (months + days > 0 and months <= MOST_MONTHS and days <= MOST_DAYS):
                message = "Points last a day at least, and a hundred years at most."
                yield Problem(path=f"metrics.{number}.expiry.after", message=message)


SECTION = Section(key="metrics", shape=list[MetricPart], export=export, apply=apply, check=check)
