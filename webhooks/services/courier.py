"""Delivering: claim what is due, send it, write down what came of it, without waiting for the slowest.

One thread asks the database, another moves the requests (`sender`). So however slow the database is, no endpoint is
blamed for an answer that came in time, and no transaction is open because of a request.
"""

import contextvars
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

import structlog
from django.db import connection

from loyalty.kernel import jobs
from webhooks.services import claims, outcomes
from webhooks.services.claims import Claim
from webhooks.services.outcomes import Result
from webhooks.services.packing import pack
from webhooks.services.sender import Sender
from webhooks.services.sending import Answer, Parcel

log = structlog.get_logger(__name__)

IN_FLIGHT = 500  # requests that a process has open at once
ROUND_SECONDS = 10.0  # then another task takes over, so that no worker waits long for this one
LOOK_AGAIN_SECONDS = 0.05  # while something is on its way, other tasks may not reach this process
LEISURE = 5  # times as long as a look takes is waited for the next one, at least


class Courier:
    """The deliverer of one process. A call that comes while it is at work makes it look again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._round: _Round | None = None
        self._finishing: dict[_Round, threading.Thread] = {}  # which wait for the last answers

    def deliver(self) -> None:
        """Send what is due until nothing is, or until it is another task's turn."""
        with self._lock:
            if self._round is not None:
                self._round.look_again()
                return
            mine = self._round = _Round()
        try:
            is_over = self._run(mine)
        except BaseException:
            mine.close()
            raise
        finally:
            self._leave(mine)
        if is_over:
            mine.close()
        else:
            jobs.wake("webhooks.deliver")
            self._finish_aside(mine)

    def wait(self) -> None:
        """Wait for the last answers of all rounds; time-outs bound it."""
        for thread in tuple(self._finishing.values()):
            thread.join()

    def _run(self, mine: "_Round") -> bool:
        """Whether there is nothing left to do."""
        ends_at = time.monotonic() + ROUND_SECONDS
        while time.monotonic() < ends_at:
            mine.step(IN_FLIGHT - sum(each.in_flight for each in tuple(self._finishing)))
            with self._lock:
                if mine.is_over():
                    self._round = None
                    return True
        return False

    def _finish_aside(self, mine: "_Round") -> None:
        """Leave the slow to a thread: while they keep us waiting the next task claims for the others."""
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(self._finish, mine), name="last answers")
        self._finishing[mine] = thread
        thread.start()

    def _finish(self, mine: "_Round") -> None:
        try:
            mine.finish()
        except Exception:  # leases bring back what was not written down
            log.exception("webhook_answers_lost")
        finally:
            mine.close()
            connection.close()
            del self._finishing[mine]

    def _leave(self, mine: "_Round") -> None:
        with self._lock:
            if self._round is mine:
                self._round = None


class _Round:
    """From the first claim to the last answer."""

    def __init__(self) -> None:
        self._news: SimpleQueue[Result | None] = SimpleQueue()  # None: look again
        self._out = Sender(self._news)
        self.in_flight = 0
        self._is_called = True
        self._pause = LOOK_AGAIN_SECONDS

    def look_again(self) -> None:
        self._is_called = True
        self._news.put(None)

    def is_over(self) -> bool:
        return not self._is_called and not self.in_flight

    def step(self, most: int) -> None:
        """Claim and send, if less than `most` is on its way; write down what has come."""
        self._is_called = False
        free = most - self.in_flight
        if free > 0:
            started = time.monotonic()
            self._send(claims.claim(free))
            self._pause = max(LOOK_AGAIN_SECONDS, LEISURE * (time.monotonic() - started))
        if self.in_flight or free <= 0:
            self._is_called = True  # whatever comes back makes room for more
            self._wait()

    def finish(self) -> None:
        """Wait for the answers that are still to come; time-outs bound it."""
        while self.in_flight:
            self._wait()

    def close(self) -> None:
        """Whatever is still on its way, because something failed, is left to its lease."""
        self._out.close()

    def _send(self, claimed: Sequence[Claim]) -> None:
        prepared = [(claim, pack(claim)) for claim in claimed]
        self.in_flight += len(prepared)
        self._out.send([(claim, made) for claim, made in prepared if isinstance(made, Parcel)])
        for claim, made in prepared:
            if isinstance(made, Answer):
                self._news.put((claim, made))

    def _wait(self) -> None:
        """Wait until a request is answered, or it is time to look again; write down all that has come."""
        arrived = []
        with suppress(Empty):
            came = self._news.get(timeout=self._pause)
            while True:
                if came is not None:
                    arrived.append(came)
                came = self._news.get_nowait()
        self.in_flight -= len(arrived)
        if arrived:
            outcomes.record(arrived)


courier = Courier()  # of this process
