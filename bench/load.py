"""A load generator on plain sockets, run in a process of its own: `python -m bench.load` takes a plan, tells a tally.

Each connection is kept open and has one request in flight. Answers other than 2xx are counted, not timed.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from itertools import count, cycle
from random import Random
from time import perf_counter
from uuid import uuid4

import msgspec

MARK = "@" * 40  # in a body: stands for what no other request says


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """POST `body`, or one of `bodies`, to `paths` at random, with `headers` and, if wanted, a new Idempotency-Key.

    With `tokens`, each request is sent with the next one of them. Where a body has a `MARK`, each says another word.
    """

    port: int
    paths: Sequence[str]
    headers: dict[str, str]
    body: str = ""
    bodies: Sequence[str] = ()
    with_key: bool = False
    tokens: Sequence[str] = ()
    connections: int = 16
    seconds: float = 5.0
    most: int = 200_000  # requests, whatever the time
    seed: int = 1


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a plan. Latencies are in milliseconds; 0 where they were not taken."""

    answered: int
    failed: int
    seconds: float
    p50: float = 0.0
    p99: float = 0.0
    first_failure: str = ""

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return
        self.run.take(self.buffer, perf_counter() - self.sent_at)
        self.buffer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        request = self.run.next_request()
        if request is None:
            self.done.set_result(None)
            self.transport.close()
            return
        self.sent_at = perf_counter()
        self.transport.write(request)


class Run:
    """One plan under way."""

    def __init__(self, plan: Plan) -> None:
        self.latencies: list[float] = []
        self.failures: list[bytes] = []
        self.left = plan.most
        self.requests = requests_of(plan)
        self.started = perf_counter()
        self.ends = self.started + plan.seconds

    def next_request(self) -> bytes | None:
        if self.left == 0 or perf_counter() > self.ends:
            return None
        self.left -= 1
        return next(self.requests)

    def take(self, answer: bytes, seconds: float) -> None:
        if answer.startswith(b"HTTP/1.1 2"):
            self.latencies.append(seconds)
        else:
            self.failures.append(answer)

    def tally(self) -> Tally:
        ordered = sorted(self.latencies) or [0.0]
        return Tally(
            answered=len(self.latencies),
            failed=len(self.failures),
            seconds=perf_counter() - self.started,
            p50=1000 * ordered[len(ordered) // 2],
            p99=1000 * ordered[len(ordered) * 99 // 100],
            first_failure=self.failures[0].decode(errors="replace") if self.failures else "",
        )


def requests_of(plan: Plan) -> Iterator[bytes]:
    """Whole requests, as bytes, without end."""
    shown = [f"Authorization: Bearer {token}\r\n" for token in plan.tokens] or [""]
    bodies = [body.encode() for body in plan.bodies or [plan.body]]
    asked = [
        (f"POST {path} HTTP/1.1\r\n{_headers(plan, body)}{token}".encode(), body)
        for path in plan.paths
        for token in shown
        for body in bodies
    ]
    Random(plan.seed).shuffle(asked)
    this_run, mark = uuid4().hex.encode(), MARK.encode()
    for number, (head, body) in zip(count(), cycle(asked), strict=False):
        key = b"Idempotency-Key: %s-%d\r\n" % (this_run, number) if plan.with_key else b""
        yield head + key + b"\r\n" + body.replace(mark, b"%s%08d" % (this_run, number))


def _headers(plan: Plan, body: bytes) -> str:
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": len(body)} | plan.headers
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


async def drive(plan: Plan) -> Tally:
    """Carry out a plan."""
    run, loop = Run(plan), asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(run), "127.0.0.1", plan.port) for _ in range(plan.connections)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    return run.tally()


def _content_length(head: bytes) -> int:
    """:raises ValueError: for an answer that does not say how long it is"""
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


if __name__ == "__main__":
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(drive(plan))))
