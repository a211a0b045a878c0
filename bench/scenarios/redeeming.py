"""S4: `POST /api/v1/rewards/:id/redeem`, over many rewards, and on one that all want, beside the peer's award."""

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from statistics import median
from typing import Any

import msgspec

from bench import contest
from bench.client import Client
from bench.contest import Contestant
from bench.load import Plan, Tally
from bench.results import Figure, Results, Unit
from bench.scenarios import awards
from bench.world import Cast, World

REWARDS = 100
PLENTY = 1_000_000_000  # points for everybody, and pieces of every reward
SPREAD, HOT = "redeem, spread", "redeem, one reward"


def measure(world: World, cast: Cast, results: Results, *, rounds: int, seconds: float) -> None:
    """Everybody redeems something at random, and then all the same; each time a piece of a stock for a point."""
    servers = awards.start_servers(world)
    (child, port), (_, peer_port) = servers[awards.LAUREL], servers[awards.ASYNC]
    rewards = _stocked(port, cast)
    peers = awards.plan(awards.ASYNC, peer_port, cast=cast, accounts=cast.accounts, seconds=seconds)
    contestants = [
        Contestant(SPREAD, partial(_turn, _plan(port, cast, rewards)), child.process.pid),
        Contestant(HOT, partial(_turn, _plan(port, cast, rewards[:1])), child.process.pid),
        Contestant(awards.ASYNC, partial(_turn, peers)),
    ]
    contest.compete(contestants, rounds=rounds, seconds=seconds, database=world.postgres_pid)
    spread, hot, peer = contestants
    results.speeds += [each.speed("redeem") for each in contestants]
    slowest = median(each.tally.p99 / each.tally.p50 for each in hot.rounds)
    results.figures += [
        _figure(
            "redeem, spread: requests a second beside the async peer's award", spread.ratio_to(peer), "×", (0.6, 0.4)
        ),
        _figure("redeem, one reward: requests a second beside spread", hot.ratio_to(spread), "×", (0.4, 0.3)),
        _figure("redeem, one reward: the slowest of a hundred beside the middle one", slowest, "fold", (5, 5)),
    ]


def _stocked(port: int, cast: Cast) -> list[str]:
    """Points for everybody, and rewards in stock. Answers their ids."""
    with closing(Client(port)) as client:

        def ask(path: str, body: Any) -> Any:
            return client.ask(f"/api/v1{path}", bearer=cast.key, body=msgspec.json.encode(body))

        ask("/batch/points", {"items": [{"advocateId": account, "amount": PLENTY} for account in cast.accounts]})
        said = {"type": "custom", "pointsCost": 1, "stock": PLENTY, "status": "active"}
        made = [ask("/rewards", {"name": f"Reward {number}", **said}) for number in range(REWARDS)]
    return [msgspec.json.decode(answer.body)["reward"]["id"] for answer in made]


def _plan(port: int, cast: Cast, rewards: Sequence[str]) -> Plan:
    return Plan(
        port=port,
        paths=[f"/api/v1/rewards/{reward}/redeem" for reward in rewards],
        headers={"Authorization": f"Bearer {cast.key}"},
        bodies=[f'{{"advocateId": "{account}"}}' for account in cast.accounts],
        with_key=True,
    )


def _turn(plan: Plan, seconds: float) -> Tally:
    return contest.load(msgspec.structs.replace(plan, seconds=seconds))


def _figure(what: str, value: float, unit: Unit, aims: tuple[float, float]) -> Figure:
    return Figure(scenario="S4", what=what, value=value, unit=unit, goal=aims[0], first_step=aims[1])
