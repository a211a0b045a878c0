"""A share off the next order, by coupon. One at a time: percentages do not add up."""

from decimal import Decimal
from fractions import Fraction

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_percent, needed, percent_worth

TITLE = "Percentage off"
MAKES_COUPON = True
TAKES_CODE = False
GIVES_ITEM = False
SENDS_CARD = False
SELLS_SEVERAL = False
SELLS_BY_POINTS = False


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_percent(reward, needed(reward, value))


def worth(reward: Reward, *, times: Fraction) -> Worth:
    return percent_worth(reward)
