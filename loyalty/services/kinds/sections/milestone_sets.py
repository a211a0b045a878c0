"""`milestoneSets`: ladders of thresholds. One of them may be the programme's tiers."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal, cast

import msgspec
from msgspec import Meta

from loyalty.kernel import clock
from loyalty.kernel.shapes import Key
from loyalty.models import Business, Metric, Milestone, MilestoneSet
from loyalty.services import benefits, ladder_rules, ladders, programme
from loyalty.services.earn_terms import Ratio
from loyalty.services.kinds.sections.metrics import Amount, Title
from loyalty.services.ledger import POINTS
from loyalty.services.programme import Document, Part, Problem, Section
from loyalty.services.quest_rules import Benefits

Basis = Literal["balance", "lifetimeEarned", "periodEarned", "spent", "orders", "tasks"]
Start = Literal["join", "calendar"]
Downgrade = Literal["never", "oneStep", "toEarned"]
MOST_PERKS = 50
Perk = Annotated[str, Meta(min_length=1, max_length=200)]


class MilestonePart(Part):
    key: Key
    title: Title
    threshold: Amount
    multiplier: Ratio = msgspec.field(default_factory=lambda: [1, 1])  # of what rules pay to whoever is on this step
    benefits: Benefits = []  # given once, to whoever rises to it
    perks: Annotated[list[Perk], Meta(max_length=MOST_PERKS)] = []


class PeriodPart(Part):
    """So many whole months, counted from the day of joining or from January."""

    length: Annotated[str, Meta(pattern=r"^P([1-9]|[1-9][0-9]|1[01][0-9]|120)M$(?!\n)")]
    start: Start = "join"

    @property
    def months(self) -> int:
        return int(self.length[1:-1])


class MilestoneSetPart(Part):
    key: Key
    title: Title
    metric: Key = POINTS
    basis: Basis = "lifetimeEarned"
    is_tier: bool = False
    period: PeriodPart | None = None
    downgrade: Downgrade = "toEarned"
    milestones: Annotated[list[MilestonePart], Meta(max_length=1000)] = []


def export(business: Business) -> list[MilestoneSetPart]:
    live = MilestoneSet.objects.for_business(business).filter(archived_at=None)
    steps: dict[object, list[MilestonePart]] = {}
    for row in Milestone.objects.for_business(business).filter(archived_at=None).order_by("threshold"):
        steps.setdefault(row.set_id, []).append(_part(row))
    ladders_there = live.select_related("metric").order_by("key")
    return [_ladder(row, steps.get(row.pk, [])) for row in ladders_there]


def _ladder(row: MilestoneSet, steps: list[MilestonePart]) -> MilestoneSetPart:
    return MilestoneSetPart(
        key=row.key,
        title=row.title,
        metric=row.metric.key,
        basis=cast(Basis, row.basis),
        is_tier=row.is_tier,
        period=_period(row),
        downgrade=cast(Downgrade, row.downgrade),
        milestones=steps,
    )


def _part(row: Milestone) -> MilestonePart:
    return MilestonePart(
        key=row.key,
        title=row.title,
        threshold=row.threshold,
        multiplier=[row.multiplier_top, row.multiplier_bottom],
        benefits=row.benefits,
        perks=row.perks,
    )


def _period(row: MilestoneSet) -> PeriodPart | None:
    if row.period_months is None:
        return None
    return PeriodPart(length=f"P{row.period_months}M", start=cast(Start, row.period_start))


def _columns(step: MilestonePart) -> dict[str, object]:
    top, bottom = step.multiplier
    return {
        "title": step.title,
        "threshold": step.threshold,
        "multiplier_top": top,
        "multiplier_bottom": bottom,
        "benefits": step.benefits,
        "perks": step.perks,
    }


def apply(business: Business, part: list[MilestoneSetPart]) -> None:
    metrics = dict(Metric.objects.for_business(business).values_list("key", "pk"))
    wanted = {
        item.key: {
            "title": item.title,
            "metric_id": metrics[item.metric],
            "basis": item.basis,
            "is_tier": item.is_tier,
            "period_months": item.period.months if item.period else None,
            "period_start": item.period.start if item.period else "join",
            "downgrade": item.downgrade,
        }
        for item in part
    }
    live = MilestoneSet.objects.for_business(business).filter(archived_at=None)
    counted = {row.key: ladders.counting(row) for row in live}
    sets = programme.put_rows(MilestoneSet.objects.for_business(business), wanted, business=business)
    steps = Milestone.objects.for_business(business)
    steps.filter(set__archived_at__isnull=False, archived_at=None).update(archived_at=clock.wall())
    for item in part:
        rungs = {each.key: _columns(each) for each in item.milestones}
        programme.put_rows(steps.filter(set=sets[item.key]), rungs, business=business, set=sets[item.key])
        if counted.get(item.key) != ladders.counting(sets[item.key]):
            ladders.begin_anew(sets[item.key])


def finish(business: Business, part: list[MilestoneSetPart]) -> None:
    """What steps give may be named in any section, so it is looked up last. Then everyone takes their place.

    :raises DomainError: naming the field in the document
    """
    steps = Milestone.objects.for_business(business)
    for number, item in enumerate(part):
        for place, each in enumerate(item.milestones):
            if each.benefits:
                field = f"milestoneSets.{number}.milestones.{place}.benefits"
                given = benefits.checked(each.benefits, business=business, field=field)
                steps.filter(set__key=item.key, key=each.key).update(benefits=given)
    ladders.settle(business=business)


def check(part: list[MilestoneSetPart], document: Document) -> Iterator[Problem]:
    named = [(f"milestoneSets.{number}.metric", item.metric) for number, item in enumerate(part)]
    yield from programme.unknown(named, [metric.key for metric in document["metrics"]], "metric")
    of_tiers = [number for number, item in enumerate(part) if item.is_tier]
    if len(of_tiers) > 1:
        yield Problem(path=f"milestoneSets.{of_tiers[1]}.isTier", message="Only one set is the programme's tiers.")
    for number, item in enumerate(part):
        for field, message in ladder_rules.problems(
            basis=item.basis,
            months=item.period.months if item.period else None,
            start=item.period.start if item.period else "join",
            downgrade=item.downgrade,
        ):
            yield Problem(path=f"milestoneSets.{number}.{field}", message=message)
        yield from _check_steps(item, f"milestoneSets.{number}.milestones")
        for place, each in enumerate(item.milestones):
            path = f"milestoneSets.{number}.milestones.{place}.benefits"
            yield from benefits.dangling(each.benefits, document, path=path)


def _check_steps(item: MilestoneSetPart, path: str) -> Iterator[Problem]:
    thresholds = Counter(each.threshold for each in item.milestones)
    for place, each in enumerate(item.milestones):
        if thresholds[each.threshold] > 1:
            yield Problem(path=f"{path}.{place}.threshold", message="Another step of this set has this threshold.")
        if each.benefits and each.threshold == 0:
            yield Problem(path=f"{path}.{place}.benefits", message=ladder_rules.NOBODY_RISES)


SECTION = Section(
    key="milestoneSets",
    shape=list[MilestoneSetPart],
    export=export,
    apply=apply,
    check=check,
    after=("metrics", "inventorySets"),
    finish=finish,
)
