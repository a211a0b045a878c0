"""S3: `POST /api/v1/batch/events` with 1,000 events of as many people, beside the same events one by one."""

from functools import partial

import msgspec

from bench import contest
from bench.contest import Contestant
from bench.listeners import PAID, STEP
from bench.load import Plan, Tally
from bench.results import Figure, Results
from bench.world import Cast, World, wait_for

BATCH = 1_000
CONTESTS = {"nothing listens": "silence", "one step advances": STEP, "one rule pays": PAID}
TOGETHER, ONE_BY_ONE = "batch of 1,000", "one by one"


def measure(world: World, cast: Cast, results: Results, *, rounds: int, seconds: float) -> None:
    """Hold a contest for each thing that an event may do."""
    world.run("-m", "bench.listeners", str(cast.business))
    web = world.start("web", world.part("web").command)
    wait_for(web, world.options.port)
    for what, event in CONTESTS.items():
        together = Contestant(TOGETHER, partial(_batches, world, cast, event), web.process.pid)
        one_by_one = Contestant(ONE_BY_ONE, partial(actions, world, cast, event), web.process.pid)
        contest.compete([together, one_by_one], rounds=rounds, seconds=seconds, database=world.postgres_pid)
        speeds = [each.speed(f"events, {what}") for each in (together, one_by_one)]
        results.speeds += speeds
        results.figures += [
            Figure(
                scenario="S3",
                what=f"events in batches of 1,000, {what}: events a second",
                value=speeds[0].per_second,
                unit="/s",
                goal=10_000,
                first_step=4_000,
            ),
            Figure(
                scenario="S3",
                what=f"events in batches of 1,000, {what}: beside one by one",
                value=together.ratio_to(one_by_one),
                unit="×",
                goal=8,
                first_step=8,
            ),
        ]


def _batches(world: World, cast: Cast, event: str, seconds: float) -> Tally:
    """Batches by two callers at a time; told in events."""
    items = [{"advocateId": account, "event": event, "data": {"km": 12}} for account in cast.accounts[:BATCH]]
    tally = contest.load(
        Plan(
            port=world.options.port,
            paths=["/api/v1/batch/events"],
            headers={"Authorization": f"Bearer {cast.key}"},
            body=msgspec.json.encode({"items": items}).decode(),
            connections=2,
            seconds=seconds,
        )
    )
    return msgspec.structs.replace(tally, answered=BATCH * tally.answered)


def actions(world: World, cast: Cast, event: str, seconds: float) -> Tally:
    """The same events one by one, by the people's own apps."""
    return contest.load(
        Plan(
            port=world.options.port,
            paths=["/api/loyalty/action"],
            headers={},
            tokens=cast.tokens[:BATCH],
            body=msgspec.json.encode({"action": event, "data": {"km": 12}}).decode(),
            seconds=seconds,
        )
    )
