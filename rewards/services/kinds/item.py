"""An item of the inventory, such as a badge: theirs when the redemption is issued, given back when it is cancelled.

`item` names it. It has no coupon: the person's inventory shows it.
"""

from decimal import Decimal
from fractions import Fraction

from rewards.models import Reward
from rewards.services.kinds.worth import Worth, fill_nothing

TITLE = "Item of the inventory"
MAKES_COUPON = False
TAKES_CODE = False
GIVES_ITEM = True
SENDS_CARD = False
SELLS_SEVERAL = True
SELLS_BY_POINTS = False


def fill(reward: Reward, *, value: Decimal | None) -> None:
    fill_nothing(reward, value)


def worth(reward: Reward, *, times: Fraction) -> Worth:
    return Worth()
