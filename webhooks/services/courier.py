"""Delivering: claim what is due, send it, write down what came of it, without waiting for the slowest.

One thread does all of it, turn by turn: its event loop moves the requests, and stands still while the database is
asked. So no transaction is open while anything is on its way.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import aiohttp
import structlog

from loyalty.kernel import clock, jobs
from loyalty.services import publication
from webhooks.services import claims, outcomes, sending, signing
from webhooks.services.claims import Claim
from webhooks.services.kinds.base import Message
from webhooks.services.sending import Answer, Parcel

log = structlog.get_logger(__name__)

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
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(LOOK_UPS, "look-up"))
        self._news = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._arrived: list[tuple[Claim, Answer]] = []
        self._is_called = True

    def look_again(self) -> None:
        self._is_called = True
        self._loop.call_soon_threadsafe(self._news.set)

    def is_over(self) -> bool:
        return not self._is_called and not self._sending

    def step(self) -> None:
        self._is_called = False
        free = IN_FLIGHT - len(self._sending)
        if free > 0:
            self._send(claims.claim(free))
        if self._sending or self._arrived:
            self._is_called = True  # whatever comes back makes room for more
            self._wait()

    def finish(self) -> None:
        """Wait for the answers that are still to come; time-outs bound it."""
        while self._sending:
            self._wait()

    def close(self) -> None:
        """Whatever is still on its way, because something failed, is left to its lease."""
        for task in self._sending:
            task.cancel()
        self._loop.run_until_complete(self._hang_up())
        self._loop.close()

    async def _hang_up(self) -> None:
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _send(self, claimed: Sequence[Claim]) -> None:
        for claim in claimed:
            match _prepare(claim):
                case Parcel() as parcel:
                    task = self._loop.create_task(self._deliver(claim, parcel))
                    self._sending.add(task)
                    task.add_done_callback(self._sending.discard)
                case Answer() as answer:
                    self._arrived.append((claim, answer))

    async def _deliver(self, claim: Claim, parcel: Parcel) -> None:
        if self._session is None:
            self._session = sending.open_session()
        answer = await sending.send(self._session, parcel)
        self._arrived.append((claim, answer))
        self._news.set()

    def _wait(self) -> None:
        """Let requests move until one is answered, or it is time to look again; write down what has come."""
        if not self._arrived:
            self._loop.run_until_complete(self._next())
        self._news.clear()
        arrived, self._arrived = self._arrived, []
        if arrived:
            outcomes.record(arrived)

    async def _next(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), LOOK_AGAIN_SECONDS)


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
