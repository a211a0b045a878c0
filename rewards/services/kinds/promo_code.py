"""A code that somebody else made, out of a pool; each is given to one person. `value` may say what it is worth."""

from decimal import Decimal
from fractions import Fraction

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_money, money_worth

TITLE = "Promo code"
MAKES_COUPON = False
TAKES_CODE = True
GIVES_ITEM = False
SENDS_CARD = False
SELLS_SEVERAL = False
SELLS_BY_POINTS = False


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_money(reward, value)


def worth(reward: Reward, *, times: Fraction) -> Worth:
    return money_worth(reward, times)
