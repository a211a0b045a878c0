"""S8: how many webhooks a second two workers deliver, beside a loop that only signs and posts; S14: how they grow.

Ours are rows that are claimed, signed, sent to twenty endpoints, and written down with their attempts.
"""

import sys
import time
import urllib.request
from statistics import median

import msgspec

from bench import cpu
from bench.results import Figure, Results, Speed
from bench.sink import Heard
from bench.world import Cast, World, wait_for
from config.local.valkey import free_port

ENDPOINTS, EVENTS = 20, 500  # a page of the relay: committed at once
COUNT = ENDPOINTS * EVENTS
SLOW_MS = 50
PATIENCE = 300.0
CELERY = [sys.executable, "-m", "celery", "--app=config"]
QUIETLY = ["--without-gossip", "--without-mingle"]
RELAY = [*CELERY, "worker", "--queues=relay", "--concurrency=1", "--hostname=relay@localhost", *QUIETLY]
DELIVERY = [*CELERY, "worker", "--queues=delivery", "--concurrency=2", "--hostname=delivery@localhost", *QUIETLY]


def measure(world: World, cast: Cast, results: Results, *, rounds: int) -> None:
    """Let the bare sender and Laurel take turns with a consumer that answers at once, then Laurel with a slow one."""
    world.start("beat", [*CELERY, "beat", f"--schedule={world.options.data / 'celerybeat-schedule'}"])
    world.start("relay", RELAY)
    worker = world.start("delivery", DELIVERY)
    port, slow_port = free_port(), free_port()
    _start_sink(world, port, 0)
    _start_sink(world, slow_port, SLOW_MS)
    _ours(world, cast, port)  # a warm-up
    bare, ours, grown = [], [], [cpu.largest(worker.process.pid)]
    for _ in range(rounds):
        bare.append(_bare(world, port))
        ours.append(_ours(world, cast, port))
        grown.append(cpu.largest(worker.process.pid))
    _move_to(world, slow_port)
    slowly = [_ours(world, cast, slow_port) for _ in range(max(rounds // 3, 1))]
    results.speeds += [_speed("bare sender", bare), _speed("Laurel", ours)]
    ratio = median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
    what = f"webhooks to {ENDPOINTS} endpoints"
    results.figures += [
        Figure(scenario="S8", what=f"{what} beside a bare loop", value=ratio, unit="×", goal=0.5, first_step=0.2),
        Figure(
            scenario="S8",
            what=f"{what} that take {SLOW_MS} ms",
            value=median(slowly),
            unit="/s",
            goal=2000,
            first_step=500,
        ),
        Figure(
            scenario="S14",
            what=f"a worker after {(rounds + 1) * COUNT:,} webhooks, {grown[0]:.0f} MB after {COUNT:,}",
            value=grown[-1],
            unit="MB",
            goal=160,
            first_step=220,
        ),
    ]


def _start_sink(world: World, port: int, milliseconds: int) -> None:
    child = world.start(f"sink-{milliseconds}", [sys.executable, "-m", "bench.sink", str(port), str(milliseconds)])
    wait_for(child, port)


def _bare(world: World, port: int) -> float:
    """A second, by the consumer's clock."""
    _heard(port)
    world.run("-m", "bench.peers.bare_sender", f"http://127.0.0.1:{port}/", str(COUNT), "500")
    return _per_second(_heard(port))


def _ours(world: World, cast: Cast, port: int) -> float:
    _heard(port)
    url = f"http://127.0.0.1:{port}/"
    world.run("-m", "bench.backlog", str(cast.business), str(cast.accounts[0]), url, str(ENDPOINTS), str(EVENTS))
    deadline = time.monotonic() + PATIENCE
    with world.connect() as database:
        while database.execute(LEFT).fetchone() != (0, 0):
            if time.monotonic() > deadline:
                raise RuntimeError(f"Not all is delivered after {PATIENCE:.0f} s; see {world.options.logs}.")
            time.sleep(0.2)
    return _per_second(_heard(port))


LEFT = """
    SELECT (SELECT count(*) FROM loyalty_event WHERE position IS NULL),
        (SELECT count(*) FROM webhooks_delivery WHERE status = 'pending')
"""
MOVE = "UPDATE webhooks_endpoint SET url = regexp_replace(url, ':[0-9]+/', %s)"


def _move_to(world: World, port: int) -> None:
    with world.connect() as database:
        database.execute(MOVE, [f":{port}/"])


def _heard(port: int) -> Heard:
    """What came since it was asked last."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        return msgspec.json.decode(answer.read(), type=Heard)


def _per_second(heard: Heard) -> float:
    assert heard.count >= COUNT, heard
    return heard.count / (heard.last - heard.first)


def _speed(name: str, rounds: list[float]) -> Speed:
    return Speed(contest="webhooks", name=name, per_second=median(rounds), rounds=rounds)
