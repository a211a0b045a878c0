"""`python -m bench`: measure, print the table, and keep it if everything was measured."""

import argparse
import sys

from bench import report
from bench.contest import Unfair
from bench.results import Results
from bench.scenarios import actions, awards, batches, delivery, expiry, first_start, gifts, growth
from bench.world import open_world, populate

SCENARIOS = ("S9", "S1", "S2", "S3", "S6", "S11", "S12", "S15")  # S7 comes with S2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed beside peers.")
    parser.add_argument("--only", choices=SCENARIOS, help="measure this alone; nothing is written")
    parser.add_argument("--rounds", type=int, default=7, help="turns of everybody in a contest")
    parser.add_argument("--seconds", type=float, default=4.0, help="the length of a turn")
    parser.add_argument("--lots", type=int, default=expiry.FULL, help="how many expire in S11")
    chosen = parser.parse_args()
    wanted = [chosen.only] if chosen.only else SCENARIOS
    results = Results()
    try:
        _measure(wanted, results, chosen)
    except Unfair as reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    print(report.table(results))
    if not chosen.only:
        report.write(results)
    return 0


def _measure(wanted: list[str] | tuple[str, ...], results: Results, chosen: argparse.Namespace) -> None:
    if "S9" in wanted:  # before the load of S1 leaves a backlog
        with open_world() as world:
            delivery.measure(world, populate(world, people=20), results)
    if "S1" in wanted:
        with open_world() as world:
            results.postgres = world.postgres_version()
            awards.measure(world, populate(world), results, rounds=chosen.rounds, seconds=chosen.seconds)
    if "S2" in wanted:
        with open_world() as world:
            cast = populate(world, people=actions.people_for(chosen.rounds))
            actions.measure(world, cast, results, rounds=chosen.rounds, seconds=chosen.seconds)
    if "S3" in wanted:
        with open_world() as world:
            batches.measure(world, populate(world), results, rounds=chosen.rounds, seconds=chosen.seconds)
    if "S6" in wanted:
        with open_world() as world:
            growth.measure(world, populate(world), results)
    if "S11" in wanted:
        with open_world() as world:
            expiry.measure(world, populate(world, people=200), results, lots=chosen.lots)
    _measure_the_rest(wanted, results)


def _measure_the_rest(wanted: list[str] | tuple[str, ...], results: Results) -> None:
    if "S15" in wanted:
        with open_world() as world:
            gifts.measure(world, populate(world, people=1), results)
    if "S12" in wanted:
        first_start.measure(results)


if __name__ == "__main__":
    sys.exit(main())
