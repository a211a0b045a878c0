"""A thing out of the shop, handed out against the coupon. `productId` names it; `value` may say what it is worth."""

from decimal import Decimal
from fractions import Fraction

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_money, money_worth

TITLE = "Product"
MAKES_COUPON = True
TAKES_CODE = False
GIVES_ITEM = False
SENDS_CARD = False
SELLS_SEVERAL = True
SELLS_BY_POINTS = False


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_money(reward, value)


def worth(reward: Reward, *, times: Fraction) -> Worth:
    return money_worth(reward, times)
