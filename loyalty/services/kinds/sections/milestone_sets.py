"""`milestoneSets`: ladders of thresholds on a metric. One of them may be the programme's tiers."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated

import msgspec

from loyalty.kernel import clock
from loyalty.kernel.shapes import Key
from loyalty.models import Business, Metric, Milestone, MilestoneSet
from loyalty.services import accounts, programme
from loyalty.services.earn_terms import Ratio
from loyalty.services.kinds.sections.metrics import Amount, Title
from loyalty.services.ledger import POINTS
from loyalty.services.programme import Document, Part, Problem, Section


class MilestonePart(Part):
    key: Key
    title: Title
    threshold: Amount
    multiplier: Ratio = msgspec.field(default_factory=lambda: [1, 1])  # of what rules pay to whoever is on this step


class MilestoneSetPart(Part):
    key: Key
    title: Title
    metric: Key = POINTS
    is_tier: bool = False
    milestones: Annotated[list[MilestonePart], msgspec.Meta(max_length=1000)] = []


def export(business: Business) -> list[MilestoneSetPart]:
    live = MilestoneSet.objects.for_business(business).filter(archived_at=None)
    steps: dict[object, list[MilestonePart]] = {}
    for row in Milestone.objects.for_business(business).filter(archived_at=None).order_by("threshold"):
        steps.setdefault(row.set_id, []).append(_part(row))
    return [
        MilestoneSetPart(
            key=row.key,
            title=row.title,
            metric=row.metric.key,
            is_tier=row.is_tier,
            milestones=steps.get(row.pk, []),
        )
        for row in live.select_related("metric").order_by("key")
    ]


def _part(row: Milestone) -> MilestonePart:
    factor = [row.multiplier_top, row.multiplier_bottom]
    return MilestonePart(key=row.key, title=row.title, threshold=row.threshold, multiplier=factor)


def _columns(step: MilestonePart) -> dict[str, object]:
    top, bottom = step.multiplier
    return {"title": step.title, "threshold": step.threshold, "multiplier_top": top, "multiplier_bottom": bottom}


def apply(business: Business, part: list[MilestoneSetPart]) -> None:
    metrics = dict(Metric.objects.for_business(business).values_list("key", "pk"))
    wanted = {
        item.key: {"title": item.title, "metric_id": metrics[item.metric], "is_tier": item.is_tier} for item in part
    }
    sets = programme.put_rows(MilestoneSet.objects.for_business(business), wanted, business=business)
    steps = Milestone.objects.for_business(business)
    steps.filter(set__archived_at__isnull=False, archived_at=None).update(archived_at=clock.wall())
    for item in part:
        rungs = {each.key: _columns(each) for each in item.milestones}
        programme.put_rows(steps.filter(set=sets[item.key]), rungs, business=business, set=sets[item.key])
    accounts.settle_tiers(business=business)


def check(part: list[MilestoneSetPart], document: Document) -> Iterator[Problem]:
    named = [(f"milestoneSets.{number}.metric", item.metric) for number, item in enumerate(part)]
    yield from programme.unknown(named, [metric.key for metric in document["metrics"]], "metric")
    ladders = [number for number, item in enumerate(part) if item.is_tier]
    if len(ladders) > 1:
        yield Problem(path=f"milestoneSets.{ladders[1]}.isTier", message="Only one set is the programme's tiers.")
    for number, item in enumerate(part):
        thresholds = Counter(each.threshold for each in item.milestones)
        for place, each in enumerate(item.milestones):
            if thresholds[each.threshold] > 1:
                path = f"milestoneSets.{number}.milestones.{place}.threshold"
                yield Problem(path=path, message="Another step of this set has this threshold.")


SECTION = Section(
    key="milestoneSets",
    shape=list[MilestoneSetPart],
    export=export,
    apply=apply,
    check=check,
    after=("metrics",),
)
