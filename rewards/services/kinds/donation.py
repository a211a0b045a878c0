"""The business gives an amount to a good cause. Nothing to show at a till, so no coupon."""

from decimal import Decimal
from fractions import Fraction

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_money, money_worth, needed

TITLE = "Donation"
MAKES_COUPON = False
TAKES_CODE = False
GIVES_ITEM = False
SENDS_CARD = False
SELLS_SEVERAL = True
SELLS_BY_POINTS = True


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_money(reward, needed(reward, value))


def worth(reward: Reward, *, times: Fraction) -> Worth:
    return money_worth(reward, times)
