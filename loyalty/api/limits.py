"""How often a caller may call: fixed windows of UTC minutes and days, counted exactly over all processes.

All windows of a call are checked and counted in one atomic step; a refused call counts in none. Where very much is
left, the step counts a few calls ahead, and this process lets the next ones through without asking: never too many.
While Redis is away a coarse count of this process stands in, and look-ups that could be guessed at are refused.
"""

import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import msgspec
import redis
import structlog

from loyalty.kernel import clock
from loyalty.kernel import redis as store
from loyalty.kernel.errors import Code, DomainError

log = structlog.get_logger(__name__)

MINUTE, DAY = 60, 86_400
NAMES = {MINUTE: "minute", DAY: "day"}
PER_USER = 100
PER_ADDRESS = 60
REST_SECONDS = 5.0  # how long Redis is left alone after it failed
ASKING_SECONDS = 1.0  # longer than it takes to find out that Redis is still away
MOST_AHEAD = 50  # calls that are counted at once, and at most a thousandth of what is left: few quotas are that large
AHEAD_SECONDS = 1.0  # for how long those of them that were not made yet may be

# Answers the count of each window, and how many calls were counted: none if one of the windows is full.
_COUNT = store.Script(f"""
local counts = {{}}
local ahead = {MOST_AHEAD}
for i, key in ipairs(KEYS) do
    counts[i] = tonumber(redis.call('GET', key) or '0')
    ahead = math.min(ahead, math.floor((tonumber(ARGV[2 * i - 1]) - counts[i]) / 1000))
end
for i = 1, #KEYS do
    if counts[i] >= tonumber(ARGV[2 * i - 1]) then
        counts[#KEYS + 1] = 0
        return counts
    end
end
ahead = math.max(ahead, 1)
for i, key in ipairs(KEYS) do
    counts[i] = redis.call('INCRBY', key, ahead)
    if counts[i] == ahead then
        redis.call('EXPIRE', key, tonumber(ARGV[2 * i]))
    end
end
counts[#KEYS + 1] = ahead
return counts
""")


class RateLimited(DomainError):
    code = Code.RATE_LIMITED

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many calls. Try again in {retry_after} s.", retry_after=retry_after)


class LimiterUnavailable(DomainError):
    code = Code.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("This cannot be checked safely right now. Try again in a moment.", retry_after=5)


@dataclass(frozen=True, slots=True)
class Window:
    """At most `quota` calls of `scope` in each fixed window of `seconds`."""

    scope: str
    seconds: int
    quota: int


class Count(msgspec.Struct, frozen=True):
    """Where a caller stands: calls used in each window, at a moment in epoch seconds."""

    windows: Sequence[Window]
    used: Sequence[int]
    at: float
    is_allowed: bool

    def headers(self) -> dict[str, str]:
        """What every response carries: the window closest to exhaustion, and all of them as the IETF spells it."""
        left = [max(w.quota - used, 0) for w, used in zip(self.windows, self.used, strict=True)]
        resets = [w.seconds - int(self.at) % w.seconds for w in self.windows]
        closest = min(range(len(left)), key=lambda i: left[i] / self.windows[i].quota)
        names = [NAMES[w.seconds] for w in self.windows]
        return {
            "X-RateLimit-Limit": str(self.windows[closest].quota),
            "X-RateLimit-Remaining": str(left[closest]),
            "X-RateLimit-Reset": str(int(self.at) + resets[closest]),
            "RateLimit-Policy": ", ".join(
                f'"{name}";q={w.quota};w={w.seconds}' for name, w in zip(names, self.windows, strict=True)
            ),
            "RateLimit": ", ".join(f'"{name}";r={r};t={t}' for name, r, t in zip(names, left, resets, strict=True)),
        }

    def retry_after(self) -> int:
        """Seconds until every window that is used up starts anew."""
        full = [w for w, used in zip(self.windows, self.used, strict=True) if used >= w.quota]
        return max((w.seconds - int(self.at) % w.seconds for w in full), default=1)


@lru_cache(10_000)
def for_business(business_id: UUID, per_minute: int, per_day: int) -> Sequence[Window]:
    scope = f"business:{business_id}"
    return (Window(scope, MINUTE, per_minute), Window(scope, DAY, per_day))


def for_user(account_id: object) -> Sequence[Window]:
    return (Window(f"user:{account_id}", MINUTE, PER_USER),)


def for_address(address: str) -> Sequence[Window]:
    return (Window(f"address:{address}", MINUTE, PER_ADDRESS),)


def hit(windows: Sequence[Window], *, is_guessable: bool = False) -> Count:
    """Count one call, if every window has room for it.

    :raises LimiterUnavailable: without Redis, where the call could be used to guess
    """
    at = clock.wall().timestamp()
    used = _ahead.take(windows, at)
    if used is not None:
        return Count(windows, used, at, is_allowed=True)
    counts = None if _fallback.is_on() else _ask_redis(windows, at)
    if counts is None:
        if is_guessable:
            raise LimiterUnavailable
        counts = _fallback.hit(windows, at)
    *used, counted = counts
    if counted > 1:
        used = _ahead.put(windows, at, used=used, counted=counted)
    return Count(windows, used, at, is_allowed=counted > 0)


@contextmanager
def only_misses(windows: Sequence[Window]) -> Iterator[None]:
    """Let somebody try what could be guessed at: each try counts, unless it succeeds. Beyond the windows none is made.

    :raises RateLimited: then
    :raises LimiterUnavailable: while nobody can count
    """
    count = hit(windows, is_guessable=True)
    if not count.is_allowed:
        raise RateLimited(count.retry_after())
    yield
    with suppress(redis.RedisError):
        for window in windows:
            store.ask("DECR", _key(window, count.at))


def _key(window: Window, at: float) -> str:
    return f"limit:{window.scope}:{window.seconds}:{int(at) // window.seconds}"


def _ask_redis(windows: Sequence[Window], at: float) -> list[int] | None:
    keys = [_key(window, at) for window in windows]
    quotas = [number for w in windows for number in (w.quota, w.seconds + 60)]
    try:
        counts: list[int] = _COUNT(keys=keys, args=quotas)
    except redis.RedisError as error:
        log.warning("limiter_without_redis", error=type(error).__name__)
        _fallback.turn_on()
        return None
    _fallback.turn_off()
    return counts


class _Ahead:
    """Calls that were counted and not made yet, with what each is the count of. They end with their windows."""

    def __init__(self) -> None:
        self._calls: dict[tuple[object, ...], deque[tuple[float, list[int]]]] = {}

    def take(self, windows: Sequence[Window], at: float) -> list[int] | None:
        calls = self._calls.get(self._place(windows, at))
        while calls:
            try:
                until, used = calls.popleft()  # in one step: no two threads make the same call
            except IndexError:
                return None
            if at < until:
                return used
        return None

    def put(self, windows: Sequence[Window], at: float, *, used: Sequence[int], counted: int) -> list[int]:
        """Keep all but the first of these calls for later, and answer the count of the first."""
        if len(self._calls) > 10_000:
            self._calls.clear()
        first, *later = ([one - counted + number for one in used] for number in range(1, counted + 1))
        calls = self._calls.setdefault(self._place(windows, at), deque())
        calls.extend((at + AHEAD_SECONDS, one) for one in later)
        return first

    @staticmethod
    def _place(windows: Sequence[Window], at: float) -> tuple[object, ...]:
        return (windows[0].scope, *(int(at) // w.seconds for w in windows))


_ahead = _Ahead()


class _Fallback:
    """This process's own count, for as long as Redis rests. Coarse: every process has its own."""

    def __init__(self) -> None:
        self._until = 0.0
        self._counts: Counter[tuple[str, int, int]] = Counter()

    def turn_on(self) -> None:
        self._until = time.monotonic() + REST_SECONDS

    def turn_off(self) -> None:
        self._until = 0.0

    def is_on(self) -> bool:
        """Whether Redis rests. After a rest one call asks it, and the others go on until that one knows."""
        now = time.monotonic()
        if not self._until or now < self._until:
            return bool(self._until)
        self._until = now + ASKING_SECONDS
        return False

    def hit(self, windows: Sequence[Window], at: float) -> list[int]:
        keys = [(w.scope, w.seconds, int(at) // w.seconds) for w in windows]
        if len(self._counts) > 10_000:
            self._counts.clear()
        allowed = all(self._counts[key] < w.quota for key, w in zip(keys, windows, strict=True))
        if allowed:
            self._counts.update(keys)
        return [*(self._counts[key] for key in keys), int(allowed)]


_fallback = _Fallback()
