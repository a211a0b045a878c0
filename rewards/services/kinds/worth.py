"""How kinds read a reward's `value` and tell it again: as money, as a percentage, or not at all."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from loyalty.kernel.errors import Invalid
from loyalty.kernel.money import money, money_text
from rewards.models import Reward


class Worth(NamedTuple):
    value: str | None = None
    currency: str | None = None


def fill_money(reward: Reward, value: Decimal | None) -> None:
    """Keep `value` as money, or nothing where there is none."""
    reward.value_minor, reward.percent_bp = minor(reward, value, field="value"), None


def fill_percent(reward: Reward, value: Decimal) -> None:
    points = value.scaleb(2)
    if not 0 < points <= 10_000 or points != points.to_integral_value():
        raise Invalid("A percentage is more than 0, at most 100, with two decimal places.", field="value")
    reward.value_minor, reward.percent_bp = None, int(points)


def fill_nothing(reward: Reward, value: Decimal | None) -> None:
    if value is not None:
        raise Invalid(f"A reward of type {reward.type} has no value. Leave it out.", field="value")
    reward.value_minor = reward.percent_bp = None


def needed(reward: Reward, value: Decimal | None) -> Decimal:
    if value is None:
        raise Invalid(f"A reward of type {reward.type} needs a value.", field="value")
    return value


def minor(reward: Reward, amount: Decimal | None, *, field: str) -> int | None:
    """`amount` in minor units of the reward's currency, which is the business's where none is given."""
    if amount is None:
        return None
    reward.currency = reward.currency or reward.business.currency
    found = money(amount, reward.currency, field=field)
    if not found:
        raise Invalid(f"{field} must be more than 0. Leave it out if there is none.", field=field)
    return found


def spelled(minor: int | None, currency: str) -> str | None:
    return None if minor is None else money_text(minor, currency)


def money_worth(reward: Reward, times: Fraction) -> Worth:
    if reward.value_minor is None:
        return Worth()
    return Worth(spelled(int(reward.value_minor * times), reward.currency), reward.currency)


def percent_worth(reward: Reward) -> Worth:
    percent = Decimal(reward.percent_bp or 0).scaleb(-2).normalize()
    return Worth(f"{percent:f}")
