"""Code pools, and how many codes they hold: one query for a page of them."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Q

from loyalty.models import Business
from rewards.models import Code, CodePool


class Supply(NamedTuple):
    total: int = 0
    available: int = 0

    @property
    def taken(self) -> int:
        return self.total - self.available


def supplies(*, business: Business, pools: Iterable[CodePool]) -> Mapping[UUID, Supply]:
    """How many codes each pool has, and how many nobody has taken."""
    ids = [pool.pk for pool in pools]
    rows = Code.objects.for_business(business).filter(pool__in=ids).order_by().values("pool")
    counted = rows.annotate(total=Count("pk"), available=Count("pk", filter=Q(redemption=None, card=None)))
    found = {pool_id: Supply(*numbers) for pool_id, *numbers in counted.values_list("pool", "total", "available")}
    return {id: found.get(id, Supply()) for id in ids}


def live_keys(*, business: Business) -> Mapping[str, UUID]:
    """The pools that a reward may name."""
    live = CodePool.objects.for_business(business).filter(archived_at=None)
    return dict(live.values_list("key", "pk"))
