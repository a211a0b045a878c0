"""How long an order of 10,000 claim links takes, until every link works and is told, and in how much memory."""

import msgspec

from bench.cards import Fulfilled
from bench.results import Figure, Results
from bench.world import Cast, World

CARDS = 10_000


def measure(world: World, cast: Cast, results: Results) -> None:
    said = world.run("-m", "bench.cards", str(cast.business), str(CARDS))
    fulfilled = msgspec.json.decode(said, type=Fulfilled)
    name = f"{fulfilled.cards:,} gift links fulfilled"
    results.figures += [
        Figure(scenario="gifts", what=name, value=fulfilled.seconds, unit="s", goal=60, first_step=60),
        Figure(
            scenario="gifts", what=f"{name}: memory", value=fulfilled.megabytes, unit="MB", goal=300, first_step=300
        ),
        Figure(
            scenario="gifts",
            what=f"{name}: memory that it took",
            value=fulfilled.grown,
            unit="MB",
            goal=50,
            first_step=50,
        ),
    ]
