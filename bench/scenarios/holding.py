"""Hold to Earn: how long it takes to share a minute of Hold to Earn out among all who hold something."""

import msgspec

from bench.results import Figure, Results
from bench.stakes import Shared
from bench.world import Cast, World

FULL = 100_000  # people, of whom the goals speak
STATEMENTS = 10  # of the whole job, however many people there are


def measure(world: World, cast: Cast, results: Results, *, people: int) -> None:
    """Share minutes out in which some of the people earn something; the slowest counts.

    :raises RuntimeError: if it takes more statements than it may
    """
    answer = world.run("-m", "bench.stakes", str(cast.business), str(people))
    shared = msgspec.json.decode(answer, type=Shared)
    if shared.statements > STATEMENTS:
        raise RuntimeError(f"a minute takes {shared.statements} statements")
    share = shared.people / FULL
    name = f"a minute is shared among {shared.people:,}"
    figure = Figure(scenario="hold", what=name, value=shared.seconds, unit="s", goal=5 * share, first_step=10 * share)
    results.figures.append(figure)
