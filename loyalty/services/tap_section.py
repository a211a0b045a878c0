"""The Tap to Earn programmes of a programme's document."""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import structs

from loyalty.models import Business, TapProgramme
from loyalty.services import programme, tap_programmes
from loyalty.services.programme import Document, Problem, Section
from loyalty.services.quest_rules import Key, Title
from loyalty.services.tap_programmes import TapRules, problems

Status = TapProgramme.Status
RULES = TapRules.__struct_fields__


class TapItem(TapRules, kw_only=True):
    """A programme. What it pays and whom it is for are keys of other sections."""

    key: Key
    title: Title
    status: Literal["active", "paused"] = "active"


def export(business: Business) -> list[TapItem]:
    rows = TapProgramme.objects.for_business(business).exclude(status=Status.ARCHIVED)
    return [_item(row) for row in rows.select_related("pays").order_by("key")]


def apply(business: Business, items: list[TapItem]) -> None:
    """:raises DomainError: naming the field in the document"""
    there = {row.key: row for row in TapProgramme.objects.for_business(business).select_related("pays")}
    programme.each(items, lambda item: _put(business, item, there.pop(item.key, None)), section="tapToEarn")
    for row in there.values():
        if row.status != Status.ARCHIVED:
            tap_programmes.update(business=business, programme_id=row.pk, status=Status.ARCHIVED)


def check(items: Iterable[TapItem], document: Document) -> Iterator[Problem]:
    """Rules that mean nothing, and what they name and the document does not have."""
    metrics = [metric.key for metric in document["metrics"]]
    segments = [segment.key for segment in document["segments"]]
    for number, item in enumerate(items):
        path = f"tapToEarn.{number}"
        for field, message in problems(item):
            yield Problem(path=f"{path}.{field}", message=message)
        yield from programme.unknown([(f"{path}.pays", item.pays)], metrics, "metric")
        wanted = [(f"{path}.segments.{place}", key) for place, key in enumerate(item.segments)]
        yield from programme.unknown(wanted, segments, "segment")


def _put(business: Business, item: TapItem, row: TapProgramme | None) -> None:
    rules = TapRules(**{name: getattr(item, name) for name in RULES})
    if row is None:
        tap_programmes.create(business=business, key=item.key, title=item.title, status=item.status, rules=rules)
    elif row.status == Status.ARCHIVED or _item(row) != item:
        tap_programmes.update(
            business=business, programme_id=row.pk, title=item.title, status=item.status, rules=rules
        )


def _item(row: TapProgramme) -> TapItem:
    status: Literal["active", "paused"] = "active" if row.status == Status.ACTIVE else "paused"
    return TapItem(key=row.key, title=row.title, status=status, **structs.asdict(tap_programmes.rules_of(row)))


SECTION = Section(
    key="tapToEarn",
    shape=list[TapItem],
    export=export,
    apply=apply,
    check=check,
    after=("metrics", "segments"),
)
