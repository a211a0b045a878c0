"""S9: how long after an award on an idle system the consumer has its webhook."""

import asyncio
import statistics
import time

import aiohttp
import msgspec
from aiohttp import web

from bench.results import Figure, Results
from bench.world import Cast, World
from config.local import readiness

TOPIC = "points/earned"
EVENTS, WARM_UP = 100, 5
PATIENCE = 30.0


def measure(world: World, cast: Cast, results: Results) -> None:
    """Award one by one, each after the webhook of the last one has come."""
    for name in ("web", "worker"):
        part = world.part(name)
        world.start(part.name, part.command)
    readiness.wait(world.options, meanwhile=lambda: None)
    delays = sorted(asyncio.run(_deliveries(world, cast)))
    p50, p99 = statistics.median(delays), delays[len(delays) * 99 // 100]
    what = f"award sent → consumer has the webhook, idle, {EVENTS} one by one"
    results.figures += [
        Figure(scenario="S9", what=f"{what}: p50", value=p50, unit="ms", goal=100, first_step=1000),
        Figure(scenario="S9", what=f"{what}: p99", value=p99, unit="ms", goal=500, first_step=1000),
    ]


class Sink:
    """A consumer that notes when something came."""

    def __init__(self) -> None:
        self.arrivals: asyncio.Queue[tuple[float, str]] = asyncio.Queue()

    async def take(self, request: web.Request) -> web.Response:
        arrived = time.perf_counter()
        event = msgspec.json.decode(await request.read())
        await self.arrivals.put((arrived, event["data"]["id"]))
        return web.Response()

    async def start(self) -> int:
        """Listen, and answer the port."""
        app = web.Application()
        app.router.add_post("/", self.take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])


async def _deliveries(world: World, cast: Cast) -> list[float]:
    """Milliseconds from sending the award, so the award itself is in them."""
    sink = Sink()
    port = await sink.start()
    headers = {"Authorization": f"Bearer {cast.key}"}
    async with aiohttp.ClientSession(world.options.url, headers=headers, raise_for_status=True) as api:
        await api.post("/api/v1/webhooks", json={"url": f"http://127.0.0.1:{port}/", "topics": [TOPIC]})
        delays = [await _one(api, sink, cast, number) for number in range(WARM_UP + EVENTS)]
    return delays[WARM_UP:]


async def _one(api: aiohttp.ClientSession, sink: Sink, cast: Cast, number: int) -> float:
    account = cast.accounts[number % len(cast.accounts)]
    sent = time.perf_counter()
    async with api.post(f"/api/v1/advocates/{account}/points", json={"amount": 5}) as answer:
        entry = (await answer.json())["transaction"]["id"]
    while True:
        arrived, told = await asyncio.wait_for(sink.arrivals.get(), PATIENCE)
        if told == entry:
            return 1000 * (arrived - sent)
