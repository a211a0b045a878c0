"""Whatever the description promises, handed out against the coupon."""

from decimal import Decimal

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_money, money_worth

TITLE = "Something else"
MAKES_COUPON = True
SELLS_SEVERAL = True


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_money(reward, value)


def worth(reward: Reward, *, quantity: int) -> Worth:
    return money_worth(reward, quantity)
