"""The Hold to Earn programmes of a programme's document."""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import structs

from loyalty.models import Business, HoldProgramme
from loyalty.services import hold_programmes, programme
from loyalty.services.hold_rules import HoldRules, problems
from loyalty.services.programme import Document, Problem, Section
from loyalty.services.quest_rules import Key, Title

Status = HoldProgramme.Status
RULES = HoldRules.__struct_fields__


class HoldItem(HoldRules, kw_only=True):
    """A programme. What it counts and whom it is for are keys of other sections."""

    key: Key
    title: Title
    status: Literal["active", "paused"] = "active"


def export(business: Business) -> list[HoldItem]:
    rows = HoldProgramme.objects.for_business(business).exclude(status=Status.ARCHIVED)
    return [_item(row) for row in rows.select_related("business", "stake", "pays").order_by("key")]


def apply(business: Business, items: list[HoldItem]) -> None:
    """:raises DomainError: naming the field in the document"""
    there = {row.key: row for row in HoldProgramme.objects.for_business(business).select_related("stake", "pays")}
    programme.each(items, lambda item: _put(business, item, there.pop(item.key, None)), section="holdToEarn")
    for row in there.values():
        if row.status != Status.ARCHIVED:
            hold_programmes.update(business=business, programme_id=row.pk, status=Status.ARCHIVED)


def check(items: Iterable[HoldItem], document: Document) -> Iterator[Problem]:
    """Rules that mean nothing, and what they name and the document does not have."""
    metrics = [metric.key for metric in document["metrics"]]
    segments = programme.groups_of(document)
    for number, item in enumerate(items):
        path = f"holdToEarn.{number}"
        for field, message in problems(item):
            yield Problem(path=f"{path}.{field}", message=message)
        named = [(f"{path}.{name}", getattr(item, name)) for name in ("stake", "pays")]
        yield from programme.unknown(named, metrics, "metric")
        wanted = [(f"{path}.segments.{place}", key) for place, key in enumerate(item.segments)]
        yield from programme.unknown(wanted, segments, "segment")


def _put(business: Business, item: HoldItem, row: HoldProgramme | None) -> None:
    rules = HoldRules(**{name: getattr(item, name) for name in RULES})
    if row is None:
        hold_programmes.create(business=business, key=item.key, title=item.title, status=item.status, rules=rules)
    elif row.status == Status.ARCHIVED or _item(row) != item:
        hold_programmes.update(
            business=business, programme_id=row.pk, title=item.title, status=item.status, rules=rules
        )


def _item(row: HoldProgramme) -> HoldItem:
    status: Literal["active", "paused"] = "active" if row.status == Status.ACTIVE else "paused"
    rules = structs.asdict(hold_programmes.rules_of(row))
    return HoldItem(key=row.key, title=row.title, status=status, **rules)


SECTION = Section(
    key="holdToEarn",
    shape=list[HoldItem],
    export=export,
    apply=apply,
    check=check,
    after=("metrics", "segments", "memberships", "policies"),
)
