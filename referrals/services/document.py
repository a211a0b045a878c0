"""`referral` in a business's document: its rules, as a merchant keeps them in a file."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

import msgspec

from loyalty.kernel.money import money_text
from loyalty.models import Business
from loyalty.services import benefits
from loyalty.services.programme import Document, Problem, Section
from referrals.selectors import programmes as rules
from referrals.services import programmes

KEY = "referral"


class Limits(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    per_month: int | None = None


class ReferralPart(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A part that is left out is as in a programme that says nothing."""

    status: Literal["active", "paused"] = "active"
    referrer: list[dict[str, Any]] = []
    friend: list[dict[str, Any]] = []
    share: None = None
    completion: Literal["first_order", "every_order"] = "first_order"
    min_order: Decimal = Decimal(0)
    hold_days: int = 0
    limits: Limits = msgspec.field(default_factory=Limits)


def export(business: Business) -> ReferralPart:
    programme = rules.current(business)
    return ReferralPart(
        status=programme.status,  # type: ignore[arg-type]  # choices are the literals
        referrer=programme.referrer_benefits,
        friend=programme.friend_benefits,
        completion=programme.completion,  # type: ignore[arg-type]  # choices are the literals
        min_order=Decimal(money_text(programme.min_order_minor, programme.currency)),
        hold_days=programme.hold_days,
        limits=Limits(per_month=programme.per_month),
    )


def apply(business: Business, part: ReferralPart) -> None:
    programmes.save(
        business=business,
        status=part.status,
        referrer=part.referrer,
        friend=part.friend,
        completion=part.completion,
        min_order=part.min_order,
        hold_days=part.hold_days,
        per_month=part.limits.per_month,
    )


def check(part: ReferralPart, document: Document) -> Iterable[Problem]:
    """Kinds that nobody knows, and what the document does not have."""
    for side in ("referrer", "friend"):
        yield from benefits.dangling(getattr(part, side), document, path=f"{KEY}.{side}")


SECTION = Section(
    key=KEY, shape=ReferralPart, export=export, apply=apply, check=check, after=("metrics", "rewards", "inventorySets")
)
