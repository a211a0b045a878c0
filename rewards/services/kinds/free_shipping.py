"""The next order is sent for nothing, by coupon."""

from decimal import Decimal
from fractions import Fraction

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_nothing

TITLE = "Free shipping"
MAKES_COUPON = True
TAKES_CODE = False
GIVES_ITEM = False
SENDS_CARD = False
SELLS_SEVERAL = False
SELLS_BY_POINTS = False


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_nothing(reward, value)


def worth(reward: Reward, *, times: Fraction) -> Worth:
    return Worth()
