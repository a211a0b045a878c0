"""What a redemption costs, and how often it holds the reward's value: exact fractions, nothing is rounded."""

from fractions import Fraction
from typing import NamedTuple

from loyalty.kernel.errors import Invalid
from loyalty.kernel.points import MAX_MOVE
from rewards.models import Reward
from rewards.services import kinds


class Price(NamedTuple):
    points: int
    times: Fraction  # of the reward's value


def price_of(reward: Reward, *, quantity: int = 1, points: int | None = None) -> Price:
    """What so many pieces cost; of a reward with increments, one for `points`, or for the least where none are said.

    :raises Invalid: if the reward is not sold in this quantity, or not for so many points
    """
    if reward.increment_min is None:
        if points is not None:
            raise Invalid("This reward has one price. Leave points out, or say a quantity.", field="points")
        return _of_pieces(reward, quantity)
    if quantity > 1:
        raise Invalid("This reward is redeemed one at a time, for as many points as you say.", field="quantity")
    return _of_points(reward, reward.increment_min if points is None else points)


def check_increments(reward: Reward) -> None:
    """Every price that the increments allow must buy a whole number of minor units.

    :raises Invalid: if one does not, or the reward's type cannot be sold in increments
    """
    if reward.increment_min is None or reward.increment_max is None or reward.increment_step is None:
        return
    if not kinds.kind_of(reward.type).SELLS_BY_POINTS:
        raise Invalid(f"A reward of type {reward.type} has one price. Leave increments out.", field="increments")
    if reward.increment_max < reward.increment_min:
        raise Invalid("max must be at least min.", field="increments.max")
    for name, number in (("min", reward.increment_min), ("step", reward.increment_step)):
        if (reward.value_minor or 0) * number % reward.points_cost:
            message = f"{number} points buy no whole number of cents at this pointsCost and value. Choose a multiple."
            raise Invalid(message, field=f"increments.{name}")


def bounds_of(reward: Reward) -> tuple[int, int]:
    """The least and the most that one that is worth money may be sold with, in minor units."""
    assert reward.value_minor is not None  # its kind says so
    ends = reward.increment_min or reward.points_cost, reward.increment_max or reward.points_cost
    least, most = (reward.value_minor * points // reward.points_cost for points in ends)
    return least, most


def _of_pieces(reward: Reward, quantity: int) -> Price:
    if quantity > 1 and not kinds.kind_of(reward.type).SELLS_SEVERAL:
        raise Invalid(f"A reward of type {reward.type} is redeemed one at a time.", field="quantity")
    if reward.points_cost * quantity > MAX_MOVE:
        raise Invalid(f"One redemption costs at most {MAX_MOVE:,} points. Take fewer.", field="quantity")
    return Price(reward.points_cost * quantity, Fraction(quantity))


def _of_points(reward: Reward, points: int) -> Price:
    least, most, step = reward.increment_min, reward.increment_max, reward.increment_step
    assert least is not None and most is not None and step is not None  # noqa: PT018  # one constraint sets all three
    if not least <= points <= most or (points - least) % step:
        raise Invalid(f"This reward costs {least:,} to {most:,} points, in steps of {step:,}.", field="points")
    return Price(points, Fraction(points, reward.points_cost))
