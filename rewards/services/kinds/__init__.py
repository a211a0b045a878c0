"""What a type of reward means: one module per kind, all with the same names, and no `if type ==` elsewhere.

How to add a kind:

1. Write `rewards/services/kinds/<type>.py` with the names of `Kind`: start from the one that is nearest.
2. Add it to `KINDS` below. The API, its schema, the dashboard and the webhooks know it from there; a reward's type is
   no enumeration in the database, so there is no migration.
3. Add what it accepts and refuses to the tables in `tests/rewards/test_kinds.py`; a kind without examples fails there.
4. Add its row to the table in `docs/developers/rewards.md`.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from loyalty.kernel.errors import Invalid
from rewards.models import Reward
from rewards.services.kinds import (
    amount_discount,
    custom,
    donation,
    free_shipping,
    gift_card,
    item,
    percentage_discount,
    product,
    promo_code,
)
from rewards.services.kinds.worth import Worth


class Kind(Protocol):
    TITLE: str  # for people
    MAKES_COUPON: bool  # whether a redemption gets a new code to show or type in
    TAKES_CODE: bool  # whether it gets one out of the reward's code pool
    GIVES_ITEM: bool  # whether it gives pieces of the reward's item, once it is issued
    SENDS_CARD: bool  # whether a gift card of its product is ordered for the person then
    SELLS_SEVERAL: bool  # whether one redemption may be for more than one piece
    SELLS_BY_POINTS: bool  # whether it may be sold for as many points as somebody likes; its value is money then

    def fill(self, reward: Reward, *, value: Decimal | None) -> None:
        """Put the caller's `value` into the columns of this kind. Its other fields are set already.

        :raises Invalid: if the value is missing, or means nothing here
        """

    def worth(self, reward: Reward, *, times: Fraction) -> Worth:
        """What the reward is worth so many times, in the spelling of `value` and `currency`."""


KINDS: Mapping[str, Kind] = {
    "amount_discount": amount_discount,
    "percentage_discount": percentage_discount,
    "free_shipping": free_shipping,
    "product": product,
    "gift_card": gift_card,
    "promo_code": promo_code,
    "donation": donation,
    "item": item,
    "custom": custom,
}


ONCE = Fraction(1)


def kind_of(type: str) -> Kind:
    """:raises Invalid: if there is no such kind"""
    if type not in KINDS:
        raise Invalid(f"There is no type {type!r}. Use one of: {', '.join(KINDS)}.", field="type")
    return KINDS[type]
