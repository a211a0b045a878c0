"""Code pools are opened, renamed and archived here. Their codes: `services/codes.py`."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.models import Business
from loyalty.services import naming
from rewards.models import CodePool, Reward

NOUN = "code pool"


class PoolInUse(Conflict):
    def __init__(self, reward: Reward) -> None:
        super().__init__(f"The reward {reward.key!r} takes its codes from this pool. Archive that one first.")


@transaction.atomic
def create(*, business: Business, title: str, key: str | None = None) -> CodePool:
    """Open a pool. Its key is made from its title where none is given.

    :raises naming.KeyTaken: if another pool has the key
    """
    business = naming.lock(business)
    key = naming.key_for(CodePool.objects.for_business(business), key=key, title=title, noun=NOUN)
    pool = CodePool(business=business, key=key, title=title, created_at=clock.now(business))
    pool.save(force_insert=True)
    return pool


@transaction.atomic
def update(
    *, business: Business, pool_id: UUID, title: str | None = None, is_archived: bool | None = None
) -> CodePool:
    """Rename a pool, archive it or fetch it back. What is left out stays.

    :raises NotFound: if the business has no such pool
    :raises PoolInUse: if a reward that is not archived takes codes from it
    """
    business = naming.lock(business)
    pool = CodePool.objects.for_business(business).filter(pk=pool_id).first()
    if pool is None:
        raise NotFound(NOUN)
    if title is not None:
        pool.title = title
    if is_archived is not None:
        _archive(pool, business, is_archived)
    pool.save(update_fields=["title", "archived_at"])
    return pool


@transaction.atomic
def put(*, business: Business, titles: Mapping[str, str]) -> None:
    """Make these the pools, by their keys: new ones are opened, archived ones fetched back, the rest is archived."""
    business = naming.lock(business)
    now = clock.now(business)
    known = {pool.key: pool for pool in CodePool.objects.for_business(business)}
    for key, title in titles.items():
        pool = known.get(key) or CodePool(business=business, key=key, created_at=now)
        pool.title, pool.archived_at = title, None
        pool.save()
    live = CodePool.objects.for_business(business).filter(archived_at=None)
    live.exclude(key__in=titles).update(archived_at=now)


def _archive(pool: CodePool, business: Business, is_archived: bool) -> None:
    users = Reward.objects.for_business(business).filter(code_pool=pool).exclude(status=Reward.Status.ARCHIVED)
    reward = users.first() if is_archived else None
    if reward is not None:
        raise PoolInUse(reward)
    pool.archived_at = (pool.archived_at or clock.now(business)) if is_archived else None
