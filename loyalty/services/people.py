"""Whom events are about: locked, and read without models, which would cost an action more than the engine does."""

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty.kernel import clock, database
from loyalty.models import Account, Business
from loyalty.services import ladders


@dataclass(slots=True)
class Person:
    """An account as the engine knows it; it is locked."""

    pk: UUID
    status: str
    tier_id: UUID | None
    timezone: str
    event_sequence: int
    last_event_at: datetime

    @classmethod
    def of(cls, account: Account) -> "Person":
        return cls(*(getattr(account, name) for name in cls.__slots__))

    @property
    def is_active(self) -> bool:
        return self.status == Account.Status.ACTIVE


LOCK = """
    SELECT a.id, a.status, a.tier_id, a.timezone, a.event_sequence, a.last_event_at,
        b.clock_offset, b.timezone, b.engine_stamp, a.climbs_due_at <= greatest(%s + b.clock_offset, a.last_event_at)
    FROM loyalty_account a JOIN loyalty_business b ON b.id = a.business_id
    WHERE a.business_id = %s AND a.id = ANY (%s) ORDER BY a.id FOR NO KEY UPDATE OF a
"""


def lock(*, business: Business, account_ids: Collection[UUID]) -> tuple[Business, dict[UUID, Person]]:
    """Lock those of the accounts that the business has, in the order of their ids.

    Their periods that are over end first, so that nobody is judged by the tier of before. Answers them, and the
    business as it is now: its clock and the stamp of its programme.
    """
    rows = _locked(business, account_ids)
    due = [pk for pk, *_, is_due in rows if is_due]
    if due:
        ladders.end_periods(due, business=business)
        rows = _locked(business, account_ids)
    people, now = {}, copy(business)  # which other threads know, too
    for *columns, offset, zone, stamp, _ in rows:
        people[columns[0]] = Person(*columns)
        now.clock_offset, now.timezone, now.engine_stamp = offset, zone, stamp
    return now, people


def _locked(business: Business, account_ids: Collection[UUID]) -> list[tuple[Any, ...]]:
    cursor = database.prepared_cursor()
    cursor.execute(LOCK, [clock.wall(), business.pk, list(account_ids)])
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
