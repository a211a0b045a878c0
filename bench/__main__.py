"""`python -m bench`: measure, print the table, and keep what was measured."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from bench import report
from bench.contest import Unfair
from bench.results import SCENARIOS, Results
from bench.scenarios import (
    actions,
    awards,
    batches,
    delivery,
    expiry,
    first_start,
    gifts,
    growth,
    holding,
    importing,
    orders,
    redeeming,
    user_events,
    webhooks,
)
from bench.world import open_world, populate

CHOICES = tuple(name for name in SCENARIOS if name != "S7")  # which comes with S2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed beside peers.")
    parser.add_argument("--only", choices=CHOICES, help="measure this alone; the other figures stay")
    parser.add_argument("--rounds", type=int, default=7, help="turns of everybody in a contest")
    parser.add_argument("--seconds", type=float, default=4.0, help="the length of a turn")
    parser.add_argument("--lots", type=int, default=expiry.FULL, help="how many expire in S11")
    parser.add_argument("--stakers", type=int, default=holding.FULL, help="how many have a stake in Hold to Earn")
    chosen = parser.parse_args()
    wanted = [chosen.only] if chosen.only else CHOICES
    results = Results()
    try:
        _measure(wanted, results, chosen)
    except Unfair as reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    print(report.table(results))
    report.write(results)
    return 0


def _measure(wanted: list[str] | tuple[str, ...], results: Results, chosen: argparse.Namespace) -> None:
    turns = {"rounds": chosen.rounds, "seconds": chosen.seconds}
    # Of how many people, and how; deliveries before the load of S1 leaves a backlog.
    measures: list[tuple[str, int, Callable[..., None], dict[str, Any]]] = [
        ("S9", 20, delivery.measure, {}),
        ("S8", 20, webhooks.measure, {"rounds": chosen.rounds}),
        ("S1", 1_000, awards.measure, turns),
        ("S2", actions.PEOPLE, actions.measure, turns),
        ("S3", 1_000, batches.measure, turns),
        ("S3", 1_000, user_events.measure, turns),
        ("S4", 1_000, redeeming.measure, turns),
        ("S4", 1_000, orders.measure, {}),
        ("S6", 1_000, growth.measure, {}),
        ("S10", 20, importing.measure, {}),
        ("hold", 20, holding.measure, {"people": chosen.stakers}),
        ("gifts", 1, gifts.measure, {}),
        ("S11", 200, expiry.measure, {"lots": chosen.lots}),
    ]
    for name, people, measure, options in measures:
        if name in wanted:
            with open_world() as world:
                results.postgres = world.postgres_version()
                measure(world, populate(world, people=people), results, **options)
    if "S12" in wanted:
        first_start.measure(results)


if __name__ == "__main__":
    sys.exit(main())
