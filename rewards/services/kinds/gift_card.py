"""A gift card, ordered for whoever redeems it, and paid from the deposit. `giftProductKey` names its product.

It has no coupon: it comes by e-mail, or as a link where there is no address.
"""

from decimal import Decimal
from fractions import Fraction

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_money, money_worth, needed

TITLE = "Gift card"
MAKES_COUPON = False
TAKES_CODE = False
GIVES_ITEM = False
SENDS_CARD = True
SELLS_SEVERAL = False
SELLS_BY_POINTS = True


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_money(reward, needed(reward, value))


def worth(reward: Reward, *, times: Fraction) -> Worth:
    return money_worth(reward, times)
