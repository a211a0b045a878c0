"""Contestants take turns, A B C A B C, on one machine in one run: its speed drifts, so only ratios are quoted."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

import msgspec

from bench import cpu
from bench.load import Plan, Tally
from bench.results import Speed


class Unfair(Exception):
    """A contestant did not do its work, so no figure of it counts."""


@dataclass(frozen=True)
class Round:
    """One turn. Processor time is in microseconds an answer."""

    tally: Tally
    server_cpu: float
    database_cpu: float


@dataclass
class Contestant:
    """Who is measured: how a turn of some seconds goes, and the process whose processor time counts, if any."""

    name: str
    turn: Callable[[float], Tally]
    server: int | None = None
    rounds: list[Round] = field(default_factory=list)

    def ratio_to(self, other: "Contestant") -> float:
        """The median of the ratios round by round: two turns close together see the same machine."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return median(mine.tally.per_second / theirs.tally.per_second for mine, theirs in pairs)

    def speed(self, contest: str) -> Speed:
        return Speed(
            contest=contest,
            name=self.name,
            per_second=median(each.tally.per_second for each in self.rounds),
            p50=median(each.tally.p50 for each in self.rounds),
            p99=median(each.tally.p99 for each in self.rounds),
            server_cpu=median(each.server_cpu for each in self.rounds),
            database_cpu=median(each.database_cpu for each in self.rounds),
            rounds=[each.tally.per_second for each in self.rounds],
        )


def compete(contestants: Sequence[Contestant], *, rounds: int, seconds: float, database: int) -> None:
    """Let everybody warm up, then take turns.

    :raises Unfair: if an answer was not the right one
    """
    for contestant in contestants:
        contestant.turn(min(seconds, 2.0))
    for _ in range(rounds):
        for contestant in contestants:
            contestant.rounds.append(_turn(contestant, seconds, database))


def load(plan: Plan) -> Tally:
    """Carry out a plan in a process of its own, so that it waits for nobody here."""
    command = [sys.executable, "-m", "bench.load"]
    said = subprocess.run(command, input=msgspec.json.encode(plan), capture_output=True, check=True)
    return msgspec.json.decode(said.stdout, type=Tally)


def _turn(contestant: Contestant, seconds: float, database: int) -> Round:
    then = _used(contestant, database)
    tally = contestant.turn(seconds)
    now = _used(contestant, database)
    if tally.failed or not tally.answered:
        raise Unfair(f"{contestant.name} failed {tally.failed} times, first with: {tally.first_failure}")
    server, postgres = (1_000_000 * (after - before) / tally.answered for after, before in zip(now, then, strict=True))
    return Round(tally, server, postgres)


def _used(contestant: Contestant, database: int) -> tuple[float, float]:
    return cpu.seconds(contestant.server) if contestant.server else 0.0, cpu.seconds(database)
