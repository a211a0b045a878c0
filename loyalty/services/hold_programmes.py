"""Hold to Earn programmes are written here: what they share out, over which stakes, and whether they run.

What was due until then is shared out by the old rules before they change.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.kernel.money import money, money_text
from loyalty.models import Business, HoldProgramme, Metric
from loyalty.services import accrual, naming
from loyalty.services.hold_rules import HoldRules, Pool, Revenue, length_of, problems, term_of

Status = HoldProgramme.Status
Kind = HoldProgramme.Kind

# What every business begins with, paused: nothing runs before somebody has had a look at the figures.
WELCOME = {"key": "welcome", "title": "Welcome", "kind": Kind.WELCOME, "bonus": 50}
POOLS = (("8-hours", "8 hours", 8, 1_000), ("1-day", "1 day", 24, 2_000), ("3-days", "3 days", 72, 3_000))
SMALLEST_STAKE = 100


@transaction.atomic
def create(
    *, business: Business, title: str, rules: HoldRules, key: str | None = None, status: str = Status.PAUSED
) -> HoldProgramme:
    """Make a programme. Its key is made from its title where none is given.

    :raises Invalid: if the rules mean nothing
    :raises NotFound: if they name a metric or segment that the programme does not have
    :raises naming.KeyTaken: if another one has the key
    """
    business = naming.lock(business)
    row = HoldProgramme(business=business, title=title)
    there = HoldProgramme.objects.for_business(business)
    row.key = naming.key_for(there, key=key, title=title, noun="hold programme")
    return _write(row, rules, status)


@transaction.atomic
def update(
    *,
    business: Business,
    programme_id: UUID,
    title: str | None = None,
    status: str | None = None,
    rules: HoldRules | None = None,
) -> HoldProgramme:
    """Change what is given. Another kind or metric needs another programme.

    :raises NotFound: if the business has no such programme, or not what the rules name
    :raises Invalid: as `create`
    """
    business = naming.lock(business)
    row = HoldProgramme.objects.for_business(business).select_for_update(no_key=True).filter(pk=programme_id).first()
    if row is None:
        raise NotFound("hold programme")
    accrual.catch_up(row)
    row.refresh_from_db()
    row.business = business
    row.title = row.title if title is None else title
    return _write(row, rules, row.status if status is None else status)


def add_defaults(*, business: Business, points: Metric) -> None:
    """The four programmes that a business begins with, in one statement."""
    of_points: dict[str, Any] = {"business": business, "stake": points, "pays": points, "minimum": SMALLEST_STAKE}
    pools = [
        HoldProgramme(key=key, title=title, term=timedelta(hours=hours), per_day=per_day, **of_points)
        for key, title, hours, per_day in POOLS
    ]
    HoldProgramme.objects.bulk_create([HoldProgramme(**WELCOME, **of_points), *pools])


def rules_of(row: HoldProgramme) -> HoldRules:
    """What a programme says. It needs its metrics and its business loaded."""
    return HoldRules(
        kind="welcome" if row.kind == Kind.WELCOME else "regular",
        stake=row.stake.key,
        pays=row.pays.key,
        term=term_of(row.term),
        minimum=row.minimum,
        pool=_pool(row),
        bonus=row.bonus or None,
        segments=list(row.segment_keys),
    )


def _pool(row: HoldProgramme) -> Pool | None:
    if row.per_day:
        return Pool(per_day=row.per_day)
    if row.revenue_points is None or row.revenue_per is None:
        return None
    return Pool(revenue=Revenue(points=row.revenue_points, per=money_text(row.revenue_per, row.business.currency)))


def _write(row: HoldProgramme, rules: HoldRules | None, status: str) -> HoldProgramme:
    if rules is not None:
        _put(row, rules)
    if status != row.status or row._state.adding:
        _switch(row, status)
    row.save()
    return row


def _switch(row: HoldProgramme, status: str) -> None:
    """It begins with the next minute, and ends with the last one that is over."""
    row.status = status
    if status == Status.ACTIVE:
        minute = clock.now(row.business).replace(second=0, microsecond=0)
        row.started_at = row.started_at or minute
        row.accrued_until = row.posted_at = minute
    else:
        row.accrued_until = None


def _put(row: HoldProgramme, rules: HoldRules) -> None:
    for field, message in problems(rules):
        raise Invalid(f"{field}: {message}", field=field)
    business, is_new = row.business, row._state.adding
    stake, pays = (naming.metric(business, getattr(rules, name), field=name) for name in ("stake", "pays"))
    if not is_new and (row.kind, row.stake_id, row.pays_id) != (rules.kind, stake.pk, pays.pk):
        raise Invalid("Kind, stake and pays stay as they are. Make another programme instead.", field="kind")
    row.kind, row.stake, row.pays = rules.kind, stake, pays
    row.term, row.minimum = length_of(rules.term), rules.minimum
    row.bonus = rules.bonus or 0
    row.segment_keys = naming.segment_keys(business, rules.segments)
    _put_pool(row, rules.pool or Pool())


def _put_pool(row: HoldProgramme, pool: Pool) -> None:
    row.per_day = pool.per_day or 0
    before: Any = (row.revenue_points, row.revenue_per)
    row.revenue_points = row.revenue_per = None
    if pool.revenue is not None:
        row.revenue_points = pool.revenue.points
        row.revenue_per = money(pool.revenue.per, row.business.currency, field="pool.revenue.per")
        if row.revenue_per == 0:
            raise Invalid("It must be more than nothing.", field="pool.revenue.per")
    if before != (row.revenue_points, row.revenue_per):
        row.unfed = 0  # it was counted in other units
