"""What happens to people, and how it reads outside."""

from collections.abc import Sequence
from typing import Any

from advocates.models import Advocate
from loyalty.events import Happening
from loyalty.models import Milestone

JOINED = "customers/joined"
UPDATED = "customers/updated"
TIER_CHANGED = "customers/tier_changed"


def joined(advocate: Advocate) -> Happening:
    return Happening(advocate.business_id, JOINED, advocate.pk)


def updated(advocate: Advocate, fields: Sequence[str]) -> Happening:
    """Says which fields changed, not to what: facts outlive the person."""
    return Happening(advocate.business_id, UPDATED, advocate.pk, {"fields": list(fields)})


def customer(advocate: Advocate, *, balance: int) -> dict[str, Any]:
    """The person in every published body. `balance` is what they had right after the event."""
    born = advocate.birthday
    return {
        "id": advocate.pk,
        "externalId": advocate.external_id,
        "email": advocate.email,
        "name": advocate.name or None,
        "birthdayMonth": born.month if born else None,
        "birthdayDay": born.day if born else None,
        "referralUrl": None,
        "pointBalance": balance,
        "currentLoyaltyTier": tier(advocate.account.tier),
        "createdAt": advocate.created_at,
        "updatedAt": advocate.updated_at,
    }


def tier(milestone: Milestone | None) -> dict[str, Any] | None:
    return {"id": milestone.pk, "title": milestone.title} if milestone else None
