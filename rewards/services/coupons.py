"""Coupons by what somebody has typed: ours, which are all capitals, in any case; codes out of pools as they are."""

from collections.abc import Collection

from loyalty.models import Business
from rewards.models import Redemption
from rewards.services import kinds


def spellings(text: str) -> set[str]:
    """What a coupon may be kept as that somebody types like this."""
    text = text.strip()
    return {text, text.upper()}


def named(*, business: Business, texts: Collection[str]) -> dict[str, Redemption]:
    """By what was typed, the redemption whose coupon that is; what is nobody's coupon is left out: one query.

    Two codes of a pool may differ by their case alone, so each of them has to be spelled exactly.
    """
    wanted = {spelling for text in texts for spelling in spellings(text)}
    rows = Redemption.objects.for_business(business).filter(coupon_code__in=wanted)
    found = {str(row.coupon_code): row for row in rows}
    ours = {code: row for code, row in found.items() if kinds.kind_of(row.terms["type"]).MAKES_COUPON}
    meant = {text: found.get(text.strip()) or ours.get(text.strip().upper()) for text in texts}
    return {text: row for text, row in meant.items() if row is not None}
