"""The thread on which requests move, whatever else a worker is doing meanwhile."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

import aiohttp

from webhooks.services import sending
from webhooks.services.claims import Claim
from webhooks.services.outcomes import Result
from webhooks.services.sending import Parcel

LOOK_UPS = 500  # names that are looked up at once: one for each request, so that none waits for another's name server

T = TypeVar("T")


class Sender:
    """Sends what it is given until it is closed. What came of each goes into `answers`."""

    def __init__(self, answers: "SimpleQueue[Result | None]") -> None:
        self._answers = answers
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(LOOK_UPS, "look-up"))
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sender", daemon=True)
        self._thread.start()
        self._session = self._run(_open_session())

    def send(self, parcels: Sequence[tuple[Claim, Parcel]]) -> None:
        self._loop.call_soon_threadsafe(self._begin, parcels)

    def close(self) -> None:
        """Hang up, answers or not."""
        self._run(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _begin(self, parcels: Sequence[tuple[Claim, Parcel]]) -> None:
        for claim, parcel in parcels:
            task = self._loop.create_task(self._deliver(claim, parcel))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, claim: Claim, parcel: Parcel) -> None:
        self._answers.put((claim, await sending.send(self._session, parcel)))

    async def _hang_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()


async def _open_session() -> aiohttp.ClientSession:
    return sending.open_session()
