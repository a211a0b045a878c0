"""Whom events are about: locked, and read without models, which would cost an action more than the engine does."""

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from loyalty.kernel import database
from loyalty.models import Account, Business


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
        b.clock_offset, b.timezone, b.engine_stamp
    FROM loyalty_account a JOIN loyalty_business b ON b.id = a.business_id
    WHERE a.business_id = %s AND a.id = ANY (%s) ORDER BY a.id FOR NO KEY UPDATE OF a
"""


def lock(*, business: Business, account_ids: Collection[UUID]) -> tuple[Business, dict[UUID, Person]]:
    """Lock those of the accounts that the business has, in the order of their ids.

    Answers them, and the business as it is now: its clock and the stamp of its programme.
    """
    cursor = database.prepared_cursor()
    cursor.execute(LOCK, [business.pk, list(account_ids)])
    people, now = {}, copy(business)  # which other threads know, too
    for *columns, offset, zone, stamp in cursor.fetchall():
        people[columns[0]] = Person(*columns)
        now.clock_offset, now.timezone, now.engine_stamp = offset, zone, stamp
    return now, people
