"""S3: `POST /api/v1/event` and its batch of 1,000, each event under an id of its own, beside the action endpoint."""

from collections.abc import Sequence
from functools import partial

import msgspec

from bench import contest
from bench.contest import Contestant
from bench.load import MARK, Plan, Tally
from bench.results import Figure, Results
from bench.scenarios.batches import BATCH, CONTESTS, actions
from bench.world import Cast, World, wait_for

TOGETHER, ONE_BY_ONE, ACTION = "event batch of 1,000", "event", "action"


def measure(world: World, cast: Cast, results: Results, *, rounds: int, seconds: float) -> None:
    """Hold a contest for each thing that an event may do."""
    world.run("-m", "bench.listeners", str(cast.business))
    web = world.start("web", world.part("web").command)
    wait_for(web, world.options.port)
    for what, event in CONTESTS.items():
        turns = {TOGETHER: _batches, ONE_BY_ONE: _singles, ACTION: actions}
        held = [Contestant(name, partial(turn, world, cast, event), web.process.pid) for name, turn in turns.items()]
        contest.compete(held, rounds=rounds, seconds=seconds, database=world.postgres_pid)
        results.speeds += [each.speed(f"user events, {what}") for each in held]
        results.figures += _figures(what, *held)


def _figures(what: str, together: Contestant, one_by_one: Contestant, action: Contestant) -> list[Figure]:
    name = f"user events, {what}"
    per_second = together.speed(name).per_second
    said = f"{name}: in batches of 1,000, "
    return [
        Figure(scenario="S3", what=f"{said}a second", value=per_second, unit="/s", goal=10_000, first_step=4_000),
        Figure(
            scenario="S3",
            what=f"{said}beside one by one",
            value=together.ratio_to(one_by_one),
            unit="×",
            goal=8,
            first_step=8,
        ),
        Figure(
            scenario="S3",
            what=f"{name}: one by one, beside the action endpoint",
            value=one_by_one.ratio_to(action),
            unit="×",
            goal=0.9,
            first_step=0.7,
        ),
    ]


def _batches(world: World, cast: Cast, event: str, seconds: float) -> Tally:
    """Batches by two callers at a time; told in events."""
    items = [_event(name, event, f"{MARK}-{number}") for number, name in enumerate(cast.names[:BATCH])]
    tally = contest.load(_plan(world, cast, "/api/v1/event/batch", [items], connections=2, seconds=seconds))
    return msgspec.structs.replace(tally, answered=BATCH * tally.answered)


def _singles(world: World, cast: Cast, event: str, seconds: float) -> Tally:
    items = [_event(name, event, MARK) for name in cast.names[:BATCH]]
    return contest.load(_plan(world, cast, "/api/v1/event", items, connections=16, seconds=seconds))


def _plan(world: World, cast: Cast, path: str, bodies: Sequence[object], *, connections: int, seconds: float) -> Plan:
    return Plan(
        port=world.options.port,
        paths=[path],
        headers={"X-API-KEY": cast.integration_key},
        bodies=[msgspec.json.encode(body).decode() for body in bodies],
        connections=connections,
        seconds=seconds,
    )


def _event(user: str, event: str, id: str) -> dict[str, object]:
    return {"id": id, "userId": user, "eventId": event, "value": 12, "createdAt": "2026-05-01 12:00:00"}
