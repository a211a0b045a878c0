"""So much off the next order, by coupon. Two pieces are one coupon over twice the amount."""

from decimal import Decimal
from fractions import Fraction

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_money, money_worth, needed

TITLE = "Amount off"
MAKES_COUPON = True
TAKES_CODE = False
GIVES_ITEM = False
SENDS_CARD = False
SELLS_SEVERAL = True
SELLS_BY_POINTS = True


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_money(reward, needed(reward, value))


def worth(reward: Reward, *, times: Fraction) -> Worth:
    return money_worth(reward, times)
