"""S1: `POST /api/v1/advocates/:id/points`, the whole path, beside its peers: over many people, and on one of them."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from bench import contest
from bench.contest import Contestant
from bench.load import Plan, Tally
from bench.peers import floor
from bench.results import Figure, Results
from bench.world import PEERS, Cast, World, wait_for
from config.local.processes import Child
from config.local.valkey import free_port

AMOUNT = 5
LAUREL, ASYNC, NAIVE, FLOOR = "Laurel", "async peer", "naive peer", "floor"
SPREAD, HOT = "award, spread", "award, one account"


def measure(world: World, cast: Cast, results: Results, *, rounds: int, seconds: float) -> None:
    """Hold both contests, one after the other."""
    servers = start_servers(world)
    floor.prepare(world, cast)
    for name, accounts in ((SPREAD, cast.accounts), (HOT, cast.accounts[:1])):
        contestants = _contestants(world, cast, servers, accounts)
        contest.compete(contestants, rounds=rounds, seconds=seconds, database=world.postgres_pid)
        results.speeds += [contestant.speed(name) for contestant in contestants]
        ours, peer = contestants[:2]
        figure = Figure(
            scenario="S1",
            what=f"{name}: requests a second beside the async peer's",
            value=ours.ratio_to(peer),
            unit="×",
            goal=1.0,
            first_step=0.6,
        )
        results.figures.append(figure)


def start_servers(world: World) -> dict[str, tuple[Child, int]]:
    """Start Laurel as `make run` does, and the two peers on the same kind of server. Answers their ports."""
    web = world.part("web").command
    servers = {LAUREL: (world.start("web", web), world.options.port)}
    for name, interface, app in (
        (ASYNC, "asgi", "bench.peers.async_peer:app"),
        (NAIVE, "wsgi", "bench.peers.naive.wsgi:application"),
    ):
        port = free_port()
        changed = {"--interface": interface, "--port": str(port)}
        if interface == "asgi":
            changed["--blocking-threads"] = "1"  # it waits in its loop, not in threads
        command = [changed.get(str(before), part) for before, part in zip(["", *web], [*web[:-1], app], strict=False)]
        servers[name] = (world.start(name, command, PEER_DATABASE_URL=world.database_url(PEERS)), port)
    for child, port in servers.values():
        wait_for(child, port)
    return servers


def plan(name: str, port: int, *, cast: Cast, accounts: Sequence[UUID], seconds: float) -> Plan:
    """The same award for everybody; only Laurel is sent an Idempotency-Key, for the others know none."""
    prefix = "/api/v1" if name == LAUREL else ""
    return Plan(
        port=port,
        paths=[f"{prefix}/advocates/{account}/points" for account in accounts],
        headers={"Authorization": f"Bearer {cast.key}"},
        body=f'{{"amount": {AMOUNT}, "description": "bench"}}',
        with_key=name == LAUREL,
        seconds=seconds,
    )


def _contestants(
    world: World, cast: Cast, servers: dict[str, tuple[Child, int]], accounts: Sequence[UUID]
) -> list[Contestant]:
    def turn(name: str, port: int, seconds: float) -> Tally:
        return contest.load(plan(name, port, cast=cast, accounts=accounts, seconds=seconds))

    def bare(seconds: float) -> Tally:
        return floor.run(world, cast, people=len(accounts), seconds=seconds)

    over_http = [
        Contestant(name, partial(turn, name, port), child.process.pid) for name, (child, port) in servers.items()
    ]
    return [*over_http, Contestant(FLOOR, bare)]
