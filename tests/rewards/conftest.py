from collections.abc import Callable
from typing import Any

import pytest

from loyalty.models import Business
from rewards.models import Reward
from rewards.services import rewards

MakeReward = Callable[..., Reward]


@pytest.fixture
def offer(acme: Business) -> MakeReward:
    """Put a reward into a catalogue: `offer(stock=5)`. A coffee for 100 points, where nothing else is said."""

    def create(*, business: Business = acme, **said: Any) -> Reward:
        coffee = {"name": "Free coffee", "type": "custom", "points_cost": 100}
        return rewards.create(business=business, **{**coffee, **said})

    return create


@pytest.fixture
def coffee(offer: MakeReward) -> Reward:
    return offer()
