"""A merchant's backend that gives people points at a steady pace, and notes what it was told."""

import asyncio
import time
from dataclasses import dataclass, field
from random import Random

import aiohttp

from bench.world import Cast

TIMEOUT = aiohttp.ClientTimeout(total=30)


@dataclass
class Told:
    """What the API answered: transactions, milliseconds, and the refusals."""

    entries: dict[str, float] = field(default_factory=dict)  # when each was asked for
    took: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def p95(self) -> float:
        return sorted(self.took)[len(self.took) * 95 // 100] if self.took else 0.0

    def slowest(self) -> float:
        return max(self.took, default=0.0)


class Shop:
    def __init__(self, url: str, cast: Cast, random: Random) -> None:
        self.url, self.cast, self.random = url, cast, random

    def subscribe(self, *urls: str) -> None:
        asyncio.run(self._subscribe(urls))

    def give(self, *, seconds: float, per_second: float) -> Told:
        """Give points at random, `per_second` for `seconds`, waiting for no answer before the next."""
        return asyncio.run(self._give(seconds, per_second))

    def _session(self) -> aiohttp.ClientSession:
        headers = {"Authorization": f"Bearer {self.cast.key}"}
        connector = aiohttp.TCPConnector(limit=32)
        return aiohttp.ClientSession(self.url, headers=headers, timeout=TIMEOUT, connector=connector)

    async def _subscribe(self, urls: tuple[str, ...]) -> None:
        async with self._session() as api:
            for url in urls:
                body = {"url": url, "topics": ["points/earned"]}
                async with api.post("/api/v1/webhooks", json=body) as answer:
                    answer.raise_for_status()

    async def _give(self, seconds: float, per_second: float) -> Told:
        told = Told()
        async with self._session() as api, asyncio.TaskGroup() as group:
            started = time.monotonic()
            for number in range(int(seconds * per_second)):
                await asyncio.sleep(max(0.0, started + number / per_second - time.monotonic()))
                group.create_task(self._one(api, told))
        return told

    async def _one(self, api: aiohttp.ClientSession, told: Told) -> None:
        account = self.random.choice(self.cast.accounts)
        asked = time.time()
        started = time.perf_counter()
        try:
            async with api.post(f"/api/v1/advocates/{account}/points", json={"amount": 5}) as answer:
                said = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            told.refused.append(type(error).__name__)
            return
        told.took.append(1000 * (time.perf_counter() - started))
        if answer.status == 200:
            told.entries[said["transaction"]["id"]] = asked
        else:
            told.refused.append(f"{answer.status} {said}")
