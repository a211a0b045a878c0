"""A merchant's server that remembers what it was sent, and answers as slowly as it is told to."""

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import msgspec
from aiohttp import web


@dataclass
class Heard:
    """What one endpoint was sent. Keys are event ids."""

    times: Counter[str] = field(default_factory=Counter)
    entry_at: dict[str, float] = field(default_factory=dict)  # when each transaction was first heard of
    numbers: set[int] = field(default_factory=set)  # `X-Webhook-Sequence`
    of_people: dict[str, set[int]] = field(default_factory=dict)  # `sequence`, by person

    @property
    def repeats(self) -> int:
        return sum(self.times.values()) - len(self.times)

    def gaps(self) -> int:
        """Numbers that are missing, of the endpoint and between what each person's events had."""
        missing = max(self.numbers, default=0) - len(self.numbers)
        return missing + sum(max(seen) - min(seen) + 1 - len(seen) for seen in self.of_people.values())


class Consumer:
    """Listens on loopback in a thread of its own; each path is an endpoint."""

    def __init__(self) -> None:
        self.heard: dict[str, Heard] = {}
        self.holds: dict[str, float] = {}  # seconds, by path
        self._loop = asyncio.new_event_loop()
        started: asyncio.Future[int] = self._loop.create_future()
        threading.Thread(target=self._serve, args=(started,), daemon=True).start()
        self.port = asyncio.run_coroutine_threadsafe(_result(started), self._loop).result(30)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _serve(self, started: "asyncio.Future[int]") -> None:
        self._loop.create_task(self._start(started))
        self._loop.run_forever()

    async def _start(self, started: "asyncio.Future[int]") -> None:
        app = web.Application()
        app.router.add_post("/{path}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024).start()
        started.set_result(int(self._runner.addresses[0][1]))

    async def _take(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        event = msgspec.json.decode(await request.read())
        heard = self.heard.setdefault(path, Heard())
        heard.times[event["id"]] += 1
        heard.numbers.add(int(request.headers["X-Webhook-Sequence"]))
        heard.entry_at.setdefault(event["data"]["id"], time.time())
        heard.of_people.setdefault(event["data"]["customer"]["id"], set()).add(event["sequence"])
        await asyncio.sleep(self.holds.get(path, 0))
        return web.Response()


async def _result(future: "asyncio.Future[int]") -> int:
    return await future
