"""S11: how long a million lots take to expire, in how much memory, and what the API's users notice of it."""

import http.client
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import cycle
from time import perf_counter, sleep

import msgspec

from bench.lots import Swept
from bench.results import Figure, Results
from bench.world import Cast, World, wait_for

FULL = 1_000_000  # lots, of which the goals speak
CALM = 300  # awards before, to compare with


def measure(world: World, cast: Cast, results: Results, *, lots: int) -> None:
    """Award now and then, first in peace, then while everything expires."""
    web = world.start("web", world.part("web").command)
    wait_for(web, world.options.port)
    world.run("-m", "bench.lots", "make", str(cast.business), str(lots))
    with world.connect() as connection:
        connection.execute("VACUUM ANALYZE")

    count = iter(range(CALM))
    calm = _p95(world, cast, lambda: next(count, None) is None)
    with ThreadPoolExecutor(1) as pool:
        sweeping = pool.submit(world.run, "-m", "bench.lots", "sweep")
        busy = _p95(world, cast, sweeping.done)
        swept = msgspec.json.decode(sweeping.result(), type=Swept)
    if swept.lots != lots:
        print(f"bench: {swept.lots:,} of {lots:,} lots expired in the first sweep", file=sys.stderr)

    share = swept.lots / FULL
    name = f"{swept.lots:,} lots expire"
    results.figures += [
        Figure(scenario="S11", what=name, value=swept.seconds, unit="s", goal=300 * share, first_step=600 * share),
        Figure(scenario="S11", what=f"{name}: memory", value=swept.megabytes, unit="MB", goal=300, first_step=300),
        Figure(scenario="S11", what=f"{name}: an award's p95", value=busy / calm, unit="fold", goal=2, first_step=4),
    ]


def _p95(world: World, cast: Cast, is_done: Callable[[], bool]) -> float:
    """Of awards one after the other, with a pause between two."""
    connection = http.client.HTTPConnection("127.0.0.1", world.options.port)
    headers = {"Authorization": f"Bearer {cast.key}", "Content-Type": "application/json"}
    times = []
    with closing(connection):
        for account in cycle(cast.accounts):
            if is_done():
                break
            started = perf_counter()
            connection.request("POST", f"/api/v1/advocates/{account}/points", b'{"amount": 5}', headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"an award answers {answer.status}")
            times.append(perf_counter() - started)
            sleep(0.01)
    return sorted(times)[len(times) * 95 // 100]
