"""The rules of a business are written here."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid
from loyalty.kernel.money import money
from loyalty.models import Business
from loyalty.services import benefits
from referrals.models import ReferralProgramme

LONGEST_HOLD = 365  # days
MOST_PER_MONTH = 2**31 - 1


class Rules(TypedDict, total=False):
    """What may be said; what is not said stays. `min_order` is money of the business's currency."""

    status: str
    referrer: Sequence[Mapping[str, Any]]
    friend: Sequence[Mapping[str, Any]]
    completion: str
    min_order: Decimal
    hold_days: int
    per_month: int | None


@transaction.atomic
def save(*, business: Business, **rules: Unpack[Rules]) -> ReferralProgramme:
    """Put rules into force. Orders that came before are paid as was promised then.

    :raises Invalid, NotFound: naming the rule that means nothing, or names what the programme does not have
    """
    business = Business.objects.select_for_update(no_key=True).get(pk=business.pk)
    saved = ReferralProgramme.objects.for_business(business).first()
    programme = saved or ReferralProgramme(business=business, currency=business.currency)
    _put(programme, rules)
    programme.updated_at = clock.now(business)
    programme.save()
    return programme


def _put(programme: ReferralProgramme, rules: Rules) -> None:
    business = programme.business
    programme.status = rules.get("status", programme.status)
    programme.completion = rules.get("completion", programme.completion)
    if "referrer" in rules:
        programme.referrer_benefits = benefits.checked(rules["referrer"], business=business, field="referrer")
    if "friend" in rules:
        programme.friend_benefits = benefits.checked(rules["friend"], business=business, field="friend")
    if "min_order" in rules:
        programme.min_order_minor = money(rules["min_order"], business.currency, field="minOrder")
        programme.currency = business.currency
    programme.hold_days = _bounded(rules.get("hold_days", programme.hold_days), 0, LONGEST_HOLD, field="holdDays")
    per_month = rules.get("per_month", programme.per_month)
    programme.per_month = None if per_month is None else _bounded(per_month, 1, MOST_PER_MONTH, field="perMonth")


def _bounded(number: int, least: int, most: int, *, field: str) -> int:
    if not least <= number <= most:
        raise Invalid(f"{field} must be from {least:,} to {most:,}.", field=field)
    return number
