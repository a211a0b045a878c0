"""Delivering: claim what is due, send it, write down what came of it, without waiting for the slowest.

Two threads share the work: one asks the database, the other moves the requests. So however slow the database is, no
endpoint is blamed for an answer that came in time, and a transaction is never open because of a request.
"""

import asyncio
import threading
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import aiohttp
import structlog

from loyalty.kernel import clock, jobs
from loyalty.services import publication
from webhooks.services import claims, outcomes, sending, signing
from webhooks.services.claims import Claim
from webhooks.services.kinds.base import Message
from webhooks.services.outcomes import Result
from webhooks.services.sending import Answer, Parcel

log = structlog.get_logger(__name__)

T = TypeVar("T")

IN_FLIGHT = 500  # requests that a process has open at once
LOOK_UPS = 64  # names that are looked up at once: a slow one holds up few others
ROUND_SECONDS = 10.0  # then another task takes over, so that no worker waits long for this one
LOOK_AGAIN_SECONDS = 0.25
MOST_CLAIMS = 3  # nobody came back from it so often: that counts as a failed try, with the wait that follows

ERASED = "The event's data was erased before it could be delivered."
POISONOUS = "Not tried: three workers stopped while they were at it."
NOT_PREPARED = "It could not be signed. Rotate the endpoint's secret."


class Courier:
    """The deliverer of one process. A call that comes while it is at work makes it look again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._round: _Round | None = None

    def deliver(self) -> None:
        """Send what is due until nothing is, or until it is another task's turn."""
        with self._lock:
            if self._round is not None:
                self._round.look_again()
                return
            mine = self._round = _Round()
        try:
            self._run(mine)
        finally:
            self._leave(mine)
            mine.close()

    def _run(self, mine: "_Round") -> None:
        ends_at = time.monotonic() + ROUND_SECONDS
        while time.monotonic() < ends_at:
            mine.step()
            with self._lock:
                if mine.is_over():
                    self._round = None
                    return
        self._leave(mine)
        jobs.wake("webhooks.deliver")
        mine.finish()

    def _leave(self, mine: "_Round") -> None:
        with self._lock:
            if self._round is mine:
                self._round = None


class _Round:
    """From the first claim to the last answer."""

    def __init__(self) -> None:
        self._news: SimpleQueue[Result | None] = SimpleQueue()  # None: look again
        self._out = _Sender(self._news)
        self._in_flight = 0
        self._is_called = True

    def look_again(self) -> None:
        self._is_called = True
        self._news.put(None)

    def is_over(self) -> bool:
        return not self._is_called and not self._in_flight

    def step(self) -> None:
        self._is_called = False
        free = IN_FLIGHT - self._in_flight
        if free > 0:
            self._send(claims.claim(free))
        if self._in_flight:
            self._is_called = True  # whatever comes back makes room for more
            self._wait()

    def finish(self) -> None:
        """Wait for the answers that are still to come; time-outs bound it."""
        while self._in_flight:
            self._wait()

    def close(self) -> None:
        """Whatever is still on its way, because something failed, is left to its lease."""
        self._out.close()

    def _send(self, claimed: Sequence[Claim]) -> None:
        prepared = [(claim, _prepare(claim)) for claim in claimed]
        self._in_flight += len(prepared)
        self._out.send([(claim, made) for claim, made in prepared if isinstance(made, Parcel)])
        for claim, made in prepared:
            if isinstance(made, Answer):
                self._news.put((claim, made))

    def _wait(self) -> None:
        """Wait until a request is answered, or it is time to look again; write down all that has come."""
        arrived = []
        with suppress(Empty):
            came = self._news.get(timeout=LOOK_AGAIN_SECONDS)
            while True:
                if came is not None:
                    arrived.append(came)
                came = self._news.get_nowait()
        self._in_flight -= len(arrived)
        if arrived:
            outcomes.record(arrived)


class _Sender:
    """The thread on which requests move. What came of each goes into `answers`."""

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


courier = Courier()  # of this process


def _prepare(claim: Claim) -> Parcel | Answer:
    """The request, or why there is none."""
    now = clock.wall()
    if claim.claims > MOST_CLAIMS:
        return Answer(now, error=POISONOUS)
    if claim.body is None:
        return Answer(now, error=ERASED, is_final=True)
    try:
        profile = signing.PROFILES[claim.endpoint.signature_profile]
        message = Message(
            id=publication.public_id(claim.event_id or claim.id),
            timestamp=int(now.timestamp()),
            body=profile.body_of(bytes(claim.body)),
            secrets=signing.live_secrets(claim.endpoint, at=now),
        )
        headers = {**_headers(claim, message), **profile.sign(message)}
    except Exception:  # one endpoint's misfortune
        log.exception("webhook_not_prepared", endpoint=str(claim.endpoint.pk), delivery=str(claim.id))
        return Answer(now, error=NOT_PREPARED)
    return Parcel(now, claim.url or claim.endpoint.url, headers, message.body)


def _headers(claim: Claim, message: Message) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "Laurel-Webhooks/1",
        "Accept-Encoding": "identity",  # what is read is bounded as it comes
        "webhook-id": message.id,
        "X-Webhook-Topic": claim.topic,
        "X-Webhook-Id": str(claim.id),
        "X-Webhook-Attempt": str(claim.attempts_made + 1),
        "X-Webhook-Sequence": str(claim.sequence),
    }
