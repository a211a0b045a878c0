"""A merchant's server that remembers what it was sent, and answers as slowly as it is told to."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


@dataclass
class Heard:
    """What one endpoint was sent. Keys are event ids."""

    times: Counter[str] = field(default_factory=Counter)
    entry_at: dict[str, float] = field(default_factory=dict)  # when each transaction was first heard of
    numbers: set[int] = field(default_factory=set)  # `X-Webhook-Sequence`
    of_people: dict[str, set[int]] = field(default_factory=dict)  # `sequence`, by person
    verified: list[tuple[float, frozenset[str]]] = field(default_factory=list)  # when, and with which known secrets

    @property
    def repeats(self) -> int:
        return sum(self.times.values()) - len(self.times)

    def gaps(self) -> int:
        """Numbers that are missing, of the endpoint and between what each person's events had."""
        missing = max(self.numbers, default=0) - len(self.numbers)
        return missing + sum(max(seen) - min(seen) + 1 - len(seen) for seen in self.of_people.values())

    def unverified(self, secret: str, *, since: float = 0, until: float = float("inf")) -> int:
        """How many requests between two times a receiver with this secret refused."""
        return sum(since <= at <= until and secret not in secrets for at, secrets in self.verified)


class Consumer:
    """Listens on loopback in a thread of its own; each path is an endpoint."""

    def __init__(self) -> None:
        self.heard: dict[str, Heard] = {}
        self.holds: dict[str, float] = {}  # seconds, by path
        self.secrets: list[str] = []  # with which everything is verified
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
        body = await request.read()
        event = msgspec.json.decode(body)
        heard = self.heard.setdefault(path, Heard())
        heard.times[event["id"]] += 1
        heard.verified.append((time.time(), _verifying(self.secrets, body, dict(request.headers))))
        heard.numbers.add(int(request.headers["X-Webhook-Sequence"]))
        heard.entry_at.setdefault(event["data"]["id"], time.time())
        heard.of_people.setdefault(event["data"]["customer"]["id"], set()).add(event["sequence"])
        await asyncio.sleep(self.holds.get(path, 0))
        return web.Response()


def _verifying(secrets: Sequence[str], body: bytes, headers: dict[str, str]) -> frozenset[str]:
    return frozenset(secret for secret in secrets if _verifies(secret, body, headers))


def _verifies(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


async def _result(future: "asyncio.Future[int]") -> int:
    return await future
