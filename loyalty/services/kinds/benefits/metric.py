"""So much of a metric: points, mostly."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import msgspec

from loyalty.kernel import points
from loyalty.kernel.errors import NotFound
from loyalty.models import Business, Metric
from loyalty.selectors import ledger as books
from loyalty.services import ledger, postings
from loyalty.services.kinds.benefits.base import Benefit, Document, NothingGiven, Occasion
from loyalty.services.ledger import Source
from loyalty.services.postings import Move, Taking


class MetricBenefit(Benefit, tag="metric", kw_only=True):
    metric: str = ledger.POINTS
    quantity: Annotated[int, msgspec.Meta(ge=1, le=points.MAX_MOVE)]


SHAPE = MetricBenefit


def check(benefit: MetricBenefit, *, business: Business, field: str) -> None:
    if not Metric.objects.for_business(business).filter(key=benefit.metric, archived_at=None).exists():
        raise NotFound("metric", field=f"{field}.metric")


def dangling(benefit: MetricBenefit, document: Document) -> Iterator[tuple[str, str]]:
    known = document.get("metrics")
    counted = [*(known or ()), *document.get("stampCards", ())]
    if known is not None and benefit.metric not in {each.key for each in counted}:
        yield "metric", f"The programme has no metric {benefit.metric!r}."


def points_of(benefit: MetricBenefit) -> int:
    return _points(benefit, benefit.quantity)


def give(benefit: MetricBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    move = move_of(benefit, account_id=account_id, occasion=occasion)
    try:
        posting = postings.award(move, business=business, clamp=True)
    except ledger.NoRoom as full:
        raise NothingGiven("at_maximum") from full
    except ledger.NoMetric as gone:  # archived since it was promised
        raise NothingGiven(gone.code) from gone
    return _points(benefit, posting.amount)


def move_of(benefit: MetricBenefit, *, account_id: UUID, occasion: Occasion) -> Move:
    return Move(
        account_id=account_id,
        amount=benefit.quantity,
        metric=benefit.metric,
        source=occasion.source,
        facts={"action": occasion.action},
        rule=occasion.rule,
        reason=occasion.reason,
        description=occasion.description,
    )


def take_back(benefit: MetricBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    """As much as there was room for; nothing, where nothing was given."""
    source = occasion.source
    entry_id = books.entry_of(business=business, source_type=source.type, source_id=str(source.id))
    if entry_id is None:
        return 0
    posting = ledger.reverse(
        business=business, entry_id=entry_id, facts={"action": occasion.action}, reason=occasion.reason
    )
    return _points(benefit, -posting.amount)


def recover(benefit: MetricBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> bool:
    """As much as the policy on refunds says, where some of it is spent; what has expired of it is gone."""
    source = occasion.source
    entry_id = books.entry_of(business=business, source_type=source.type, source_id=str(source.id))
    if entry_id is None:
        return True
    ledger.settle(business_id=business.pk, account_id=account_id)
    left = books.unexpired_of(business=business, entry_id=entry_id)
    if not left:
        return True
    taking = Taking(
        entry_id=entry_id,
        amount=left,
        source=Source("recovered", str(entry_id)),
        reason=occasion.reason,
        facts={"action": occasion.action},
    )
    (posting,) = postings.take_back([taking], business=business)
    return bool(posting.id) and -posting.amount == left


def _points(benefit: MetricBenefit, amount: int) -> int:
    return amount if benefit.metric == ledger.POINTS else 0
