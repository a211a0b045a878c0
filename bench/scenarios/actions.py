"""S2: `POST /api/loyalty/action` by users' own tokens, beside the async peer's award; S7: what many quests cost it."""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from itertools import cycle, islice
from statistics import median

import msgspec

from bench import contest
from bench.client import Client
from bench.contest import Contestant
from bench.load import Plan, Tally
from bench.quests import FINISHES, STEP
from bench.results import Figure, Results, Unit
from bench.scenarios.awards import ASYNC, LAUREL, plan, start_servers
from bench.world import Cast, World

# What is told in turns: what completes a quest counts once, so that each turn has one of its own.
CONTESTS = (
    ("action, matches nothing", ["nothing"], 1.0, 0.6),
    ("action, advances a mission", [STEP], 0.9, 0.5),
    ("action, completes a challenge", FINISHES, 0.6, 0.3),
)
PEOPLE = 1_000  # whose apps have called before: their tokens are known when the last contest begins
FEW, SOME, SHOWN, MANY = 10, 100, 500, 1_000  # active quests
ASKED = 400  # times, one after the other


def measure(world: World, cast: Cast, results: Results, *, rounds: int, seconds: float) -> None:
    """Hold the contests among few quests; then let the quests grow a hundredfold."""
    world.run("-m", "bench.quests", str(cast.business), str(FEW))
    servers = start_servers(world)
    peer_plan = partial(plan, ASYNC, servers[ASYNC][1], cast=cast, accounts=cast.accounts)
    rounds = min(rounds, len(FINISHES) - 1)  # after the warm-up
    for name, told, goal, first_step in CONTESTS:
        ours = Contestant(LAUREL, _turns(world, cast, told), servers[LAUREL][0].process.pid)
        peer = Contestant(
            ASYNC, lambda seconds: contest.load(peer_plan(seconds=seconds)), servers[ASYNC][0].process.pid
        )
        contest.compete([ours, peer], rounds=rounds, seconds=seconds, database=world.postgres_pid)
        results.speeds += [ours.speed(name), peer.speed(name)]
        what = f"{name}: requests a second beside the async peer's award"
        results.figures.append(
            Figure(scenario="S2", what=what, value=ours.ratio_to(peer), unit="×", goal=goal, first_step=first_step)
        )
    _grow(world, cast, results)


def _turns(world: World, cast: Cast, told: Sequence[str]) -> Callable[[float], Tally]:
    """Turns by everybody, each with the next of these actions; once by each person where there are several."""
    names = cycle(told)
    most = len(cast.tokens) if len(told) > 1 else 200_000

    def turn(seconds: float) -> Tally:
        body = msgspec.json.encode({"action": next(names), "data": {"km": 12}}).decode()
        paths = ["/api/loyalty/action"]
        return contest.load(
            Plan(
                port=world.options.port,
                paths=paths,
                headers={},
                body=body,
                tokens=cast.tokens,
                most=most,
                seconds=seconds,
            )
        )

    return turn


def _grow(world: World, cast: Cast, results: Results) -> None:
    """The same step by the same people one after the other, among few quests and among many."""
    few = _step(world, cast)
    world.run("-m", "bench.quests", str(cast.business), str(SOME))
    some = _step(world, cast)
    world.run("-m", "bench.quests", str(cast.business), str(SHOWN))
    cold, config, again = _config(world, cast)
    size = int(world.run("-m", "bench.quests", str(cast.business), str(MANY)))
    many = _step(world, cast)
    results.figures += [
        _figure(f"an action among {SOME} active quests beside {FEW}", some / few, "fold", (1.3, 2)),
        _figure(f"an action among {MANY:,} active quests beside {FEW}", many / few, "fold", (1.3, 2)),
        _figure(f"config of {SHOWN} challenges, just changed", cold, "ms", (50, 50)),
        _figure(f"config of {SHOWN} challenges, whole", config, "ms", (50, 50)),
        _figure(f"config of {SHOWN} challenges, nothing new (304)", again, "ms", (50, 50)),
        _figure(f"the compiled index of {MANY:,} quests, in a process", size / 1e6, "MB", (20, 20)),
    ]


def _figure(what: str, value: float, unit: Unit, aims: tuple[float, float]) -> Figure:
    return Figure(scenario="S7", what=what, value=value, unit=unit, goal=aims[0], first_step=aims[1])


def _step(world: World, cast: Cast) -> float:
    """The median of a step's time, in milliseconds."""
    body = msgspec.json.encode({"action": STEP, "data": {"km": 12}})
    with closing(Client(world.options.port)) as client:
        whose = islice(cycle(cast.tokens[:200]), ASKED)
        times = [client.ask("/api/loyalty/action", bearer=token, body=body).ms for token in whose]
    return median(times[ASKED // 4 :])  # the first ones compile the programme


def _config(world: World, cast: Cast) -> tuple[float, float, float]:
    """The medians of what the whole answer takes just after a change, at other times, and where it is known."""
    with closing(Client(world.options.port)) as client:
        fresh = [_changed(world, client, token) for token in cast.tokens[:15]]
        answers = [client.ask("/api/loyalty/config", bearer=token) for token in cast.tokens[:40]]
        known = answers[0].headers["ETag"]
        seen = [
            client.ask("/api/loyalty/config", bearer=cast.tokens[0], If_None_Match=known) for _ in range(len(answers))
        ]
    assert {answer.status for answer in seen} == {304}
    return median(fresh), median(answer.ms for answer in answers), median(answer.ms for answer in seen)


def _changed(world: World, client: Client, token: str) -> float:
    """How long the answer takes in a process that knows none of the programme."""
    with world.connect() as connection:
        connection.execute("UPDATE loyalty_business SET engine_stamp = nextval('loyalty_engine_stamp')")
    return client.ask("/api/loyalty/config", bearer=token).ms
