"""The next order is sent for nothing, by coupon."""

from decimal import Decimal

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_nothing

TITLE = "Free shipping"
MAKES_COUPON = True
SELLS_SEVERAL = False


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_nothing(reward, value)


def worth(reward: Reward, *, quantity: int) -> Worth:
    return Worth()
