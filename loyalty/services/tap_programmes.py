"""Tap to Earn programmes are written here: what a tap gives, how much energy there is, and how it comes back."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from django.db import transaction
from msgspec import Meta

from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Business, TapProgramme
from loyalty.models.tap import FASTEST, MOST_ENERGY, SLOWEST
from loyalty.services import naming
from loyalty.services.quest_rules import Key, Keys, Part, Quantity, Target

Status = TapProgramme.Status


class TapRules(Part, kw_only=True):
    """All that a programme says but its name and state."""

    pays: Key = "points"  # the metric that taps earn
    per_tap: Quantity = 1
    energy: Annotated[int, Meta(ge=1, le=MOST_ENERGY)] = 500
    refill_seconds: Annotated[int, Meta(ge=1, le=SLOWEST)] = 10
    per_second: Annotated[int, Meta(ge=1, le=FASTEST)] = 10
    per_day: Target | None = None  # none: no limit
    segments: Keys = []  # none: for everybody


def problems(rules: TapRules) -> Iterator[tuple[str, str]]:
    """The fields that mean nothing together, and why."""
    if rules.per_day is not None and rules.per_day < rules.per_tap:
        yield "perDay", "A day must have room for one tap."


@transaction.atomic
def create(
    *, business: Business, title: str, rules: TapRules, key: str | None = None, status: str = Status.PAUSED
) -> TapProgramme:
    """Make a programme. Its key is made from its title where none is given.

    :raises Invalid: if the rules mean nothing
    :raises NotFound: if they name a metric or segment that the programme does not have
    :raises naming.KeyTaken: if another one has the key
    """
    business = naming.lock(business)
    row = TapProgramme(business=business)
    there = TapProgramme.objects.for_business(business)
    row.key = naming.key_for(there, key=key, title=title, noun="tap programme")
    return _write(row, title, status, rules)


@transaction.atomic
def update(
    *,
    business: Business,
    programme_id: UUID,
    title: str | None = None,
    status: str | None = None,
    rules: TapRules | None = None,
) -> TapProgramme:
    """Change what is given. Another metric needs another programme. Who was on the way to full energy stays there.

    :raises NotFound: if the business has no such programme, or not what the rules name
    :raises Invalid: as `create`
    """
    business = naming.lock(business)
    row = TapProgramme.objects.for_business(business).select_for_update(no_key=True).filter(pk=programme_id).first()
    if row is None:
        raise NotFound("tap programme")
    row.business = business
    return _write(row, row.title if title is None else title, row.status if status is None else status, rules)


def rules_of(row: TapProgramme) -> TapRules:
    """What a programme says. It needs its metric loaded."""
    return TapRules(
        pays=row.pays.key,
        per_tap=row.per_tap,
        energy=row.energy,
        refill_seconds=row.refill_seconds,
        per_second=row.per_second,
        per_day=row.per_day,
        segments=list(row.segment_keys),
    )


def _write(row: TapProgramme, title: str, status: str, rules: TapRules | None) -> TapProgramme:
    row.title, row.status = title, status
    if rules is not None:
        _put(row, rules)
    row.save()
    return row


def _put(row: TapProgramme, rules: TapRules) -> None:
    for field, message in problems(rules):
        raise Invalid(f"{field}: {message}", field=field)
    pays = naming.metric(row.business, rules.pays, field="pays")
    if not row._state.adding and row.pays_id != pays.pk:
        raise Invalid("What it pays stays as it is. Make another programme instead.", field="pays")
    row.pays, row.per_tap, row.per_day = pays, rules.per_tap, rules.per_day
    row.energy, row.refill_seconds, row.per_second = rules.energy, rules.refill_seconds, rules.per_second
    row.segment_keys = naming.segment_keys(row.business, rules.segments)
