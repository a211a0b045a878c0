"""A merchant's backend that gives people points at a steady pace, and notes what it was told."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from bench.world import Cast

TIMEOUT = aiohttp.ClientTimeout(total=30)


@dataclass
class Told:
    """What the API answered: transactions, milliseconds, and the refusals."""

    entries: dict[str, float] = field(default_factory=dict)  # when each was asked for
    answered: list[float] = field(default_factory=list)  # when each of them was there
    took: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __iadd__(self, more: "Told") -> "Told":
        self.entries |= more.entries
        self.answered += more.answered
        self.took += more.took
        self.refused += more.refused
        return self

    def p95(self) -> float:
        return sorted(self.took)[len(self.took) * 95 // 100] if self.took else 0.0

    def slowest(self) -> float:
        return max(self.took, default=0.0)


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    body: Any


class Shop:
    def __init__(self, url: str, cast: Cast, random: Random) -> None:
        self.url, self.cast, self.random = url, cast, random
        self.key = cast.key
        self._is_open = True

    def subscribe(self, *urls: str) -> list[dict[str, Any]]:
        """Register endpoints, and answer them with their secrets."""
        return [self.post("webhooks", {"url": url, "topics": ["points/earned"]}).body["webhook"] for url in urls]

    def post(self, path: str, body: object, *, url: str = "", key: str = "", **headers: str) -> "Said":
        """One call; of another server, or with another key, than the shop's own."""
        return asyncio.run(self._post(f"{url or self.url}/api/v1/{path}", body, key or self.key, headers))

    def give(self, *, seconds: float, per_second: float) -> Told:
        """Give points at random, `per_second` for `seconds`, waiting for no answer before the next."""
        return asyncio.run(self._give(seconds, per_second))

    def close(self) -> None:
        """Give nothing more."""
        self._is_open = False

    async def _post(self, url: str, body: object, key: str, headers: Mapping[str, str]) -> "Said":
        said = {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): text for name, text in headers.items()}}
        async with aiohttp.ClientSession(timeout=TIMEOUT) as api, api.post(url, json=body, headers=said) as answer:
            return Said(answer.status, await answer.json())

    async def _give(self, seconds: float, per_second: float) -> Told:
        told, connector = Told(), aiohttp.TCPConnector(limit=32)
        async with aiohttp.ClientSession(timeout=TIMEOUT, connector=connector) as api, asyncio.TaskGroup() as group:
            started = time.monotonic()
            for number in range(int(seconds * per_second)):
                await asyncio.sleep(max(0.0, started + number / per_second - time.monotonic()))
                if not self._is_open:
                    break
                group.create_task(self._one(api, told))
        return told

    async def _one(self, api: aiohttp.ClientSession, told: Told) -> None:
        account = self.random.choice(self.cast.accounts)
        url, headers = f"{self.url}/api/v1/advocates/{account}/points", {"Authorization": f"Bearer {self.key}"}
        asked = time.time()
        started = time.perf_counter()
        try:
            async with api.post(url, json={"amount": 5}, headers=headers) as answer:
                said = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            told.refused.append(type(error).__name__)
            return
        told.took.append(1000 * (time.perf_counter() - started))
        if answer.status == 200:
            told.entries[said["transaction"]["id"]] = asked
            told.answered.append(time.time())
        else:
            told.refused.append(f"{answer.status} {said}")
