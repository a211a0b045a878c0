"""What happens to referrals, and how it reads outside."""

from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.events import Happening
from referrals.models import Conversion, Referral

STARTED = "referrals/started"
COMPLETED = "referrals/completed"
REJECTED = "referrals/rejected"

Person = Mapping[str, Any] | None


def started(referral: Referral) -> Happening:
    """A friend came with a code. The event is its owner's."""
    return Happening(referral.business_id, STARTED, referral.code.advocate_id, {"referralId": str(referral.pk)})


def decided(topic: str, conversion: Conversion) -> Happening:
    facts = {"conversionId": str(conversion.pk), "reason": conversion.reason or None}
    return Happening(conversion.business_id, topic, conversion.referrer_id, facts)


def brought(referral: Referral, friend: Person) -> dict[str, Any]:
    """A referral of which nothing has come yet. It needs the code loaded."""
    return {
        "id": referral.pk,
        "friendCustomer": friend,
        "friendEmail": friend["email"] if friend else None,
        "customerReward": None,
        "friendReward": None,
        "code": referral.code.code,
        "orderId": None,
        "reason": None,
    }


def conversion(row: Conversion, friend: Person, *, topic: str, reason: str | None) -> dict[str, Any]:
    """A conversion as an event left it. It needs the code loaded."""
    is_paid = topic == COMPLETED
    return {
        "id": row.pk,
        "friendCustomer": friend,
        "friendEmail": row.friend_email or (friend["email"] if friend else None),
        "customerReward": said(row.referrer_benefits) if is_paid else None,
        "friendReward": said(row.friend_benefits) if is_paid else None,
        "code": row.code.code,
        "orderId": row.order_id,
        "reason": reason,
    }


def said(benefits: Sequence[Mapping[str, Any]]) -> str | None:
    """Benefits for a reader: "200 points", "1 tenoff". What a kind gives stands under the kind's own name."""
    texts = [f"{benefit.get('quantity', 1)} {benefit.get(benefit['kind'], benefit['kind'])}" for benefit in benefits]
    return ", ".join(texts) or None
