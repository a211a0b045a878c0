"""So much off the next order, by coupon. Two pieces are one coupon over twice the amount."""

from decimal import Decimal

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_money, money_worth, needed

TITLE = "Amount off"
MAKES_COUPON = True
SELLS_SEVERAL = True


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_money(reward, needed(reward, value))


def worth(reward: Reward, *, quantity: int) -> Worth:
    return money_worth(reward, quantity)
