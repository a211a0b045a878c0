"""One function a fault. Each says what it counted, and raises `Broken` where that is not as promised."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bench import cpu
from tests.chaos import rotations
from tests.chaos.shop import Told
from tests.chaos.stage import Stage
from tests.chaos.verdicts import HEALED_WITHIN, PATH, arrived, delay, require
from tests.faults import Mode

SLOW = 14.0
SLOWEST_MS = 3000
NOTICED_MS = 50.0  # below this a multiple of a time says nothing
FLAT = 1.1


def redis_refuses(stage: Stage, seconds: float) -> str:
    """F01: no write notices, and every event is out within a minute of the healing."""
    return _redis_fails(stage, "refuse", seconds)


def redis_hangs(stage: Stage, seconds: float) -> str:
    """F02: the same where Redis takes connections and says nothing; no request takes more than three seconds."""
    return _redis_fails(stage, "hang", seconds)


def workers_are_killed(stage: Stage, seconds: float) -> str:
    """F06: a process of the workers dies every two seconds in mid-task, and nothing is lost."""
    stage.begin()
    stage.shop.subscribe(stage.consumer.url(PATH))
    kills = 0
    with _meanwhile(lambda: stage.shop.give(seconds=seconds, per_second=20)) as told_of:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            time.sleep(2 * stage.random.uniform(0.8, 1.2))
            stage.kill()
            kills += 1
    told = told_of()
    healed = stage.wait_for(told, PATH, patience=HEALED_WITHIN)
    return f"{kills} kills; {arrived(stage, told, most_repeats=0.02)}, all out {healed:.1f} s after the end"


def many_endpoints(stage: Stage, seconds: float) -> str:
    """L06: every event reaches each of twenty endpoints, hardly any twice, numbered without gaps; no worker grows."""
    stage.begin()
    paths = [f"hook-{number}" for number in range(20)]
    stage.shop.subscribe(*map(stage.consumer.url, paths))
    told, healed, grown = Told(), 0.0, []
    for share in (0.1, 0.9):
        more = stage.shop.give(seconds=share * seconds, per_second=20)
        healed = stage.wait_for(more, *paths, patience=HEALED_WITHIN + seconds)
        told += more
        grown.append(cpu.largest(stage.workers["delivery"].process.pid))
    verdicts = {arrived(stage, told, path=path, most_repeats=0.001) for path in paths}
    repeats = sum(stage.consumer.heard[path].repeats for path in paths)
    memory = f"a worker has {grown[1]:.0f} MB, {grown[0]:.0f} MB after the first tenth"
    require(grown[1] <= FLAT * grown[0], memory)
    return (
        f"{len(told.entries) * len(paths)} deliveries, {repeats} repeated, all there {healed:.1f} s after the end;"
        f" each: {min(verdicts)}; {memory}"
    )


def one_endpoint_hangs(stage: Stage, seconds: float) -> str:
    """F13: one endpoint takes fourteen seconds; fifty healthy ones have theirs as soon as without it."""
    stage.begin()
    paths = [f"hook-{number}" for number in range(50)]
    stage.shop.subscribe(*map(stage.consumer.url, paths))
    alone = delay(stage, stage.shop.give(seconds=seconds / 2, per_second=4), paths)
    stage.consumer.holds["slow"] = SLOW
    stage.shop.subscribe(stage.consumer.url("slow"))
    beside = delay(stage, stage.shop.give(seconds=seconds / 2, per_second=4), paths)
    heard = len(stage.consumer.heard["slow"].times)
    text = f"p95 of {len(paths)} healthy {alone:.3f} s alone, {beside:.3f} s beside one that hung {heard} times"
    require(beside <= 2 * max(alone, NOTICED_MS / 1000), text)
    return text


def secrets_are_rotated(stage: Stage, seconds: float) -> str:
    """F15: a webhook's secret, an API key and the master key are changed, and no call and no receiver notices."""
    stage.begin()
    stage.start_web()
    (endpoint,) = stage.shop.subscribe(stage.consumer.url(PATH))
    stage.consumer.secrets.append(endpoint["secret"])
    with _meanwhile(lambda: stage.shop.give(seconds=30 * seconds, per_second=10)) as told_of:
        time.sleep(seconds / 4)
        try:
            said = [rotations.webhook_secret(stage, endpoint), rotations.api_key(stage), rotations.master_key(stage)]
        finally:
            stage.shop.close()
    told = told_of()
    stage.wait_for(told, PATH, patience=HEALED_WITHIN)
    unsigned = sum(not verifying for _, verifying in stage.consumer.heard[PATH].verified)
    require(not unsigned, f"{unsigned} could not be verified at all")
    return f"{'; '.join(said)}; {arrived(stage, told, most_repeats=0.02)}"


def _redis_fails(stage: Stage, mode: Mode, seconds: float) -> str:
    stage.begin()
    stage.shop.subscribe(stage.consumer.url(PATH))
    before = stage.shop.give(seconds=5, per_second=20)
    stage.redis.become(mode)
    during = stage.shop.give(seconds=seconds, per_second=20)
    stage.redis.become("pass")
    healed = stage.wait_for(during, PATH, patience=HEALED_WITHIN)
    require(not during.refused, f"{len(during.refused)} writes were refused, first {during.refused[:1]}")
    stage.wait_for(before, PATH, patience=HEALED_WITHIN)
    arrived(stage, before, most_repeats=0.02)
    times = f"p95 {during.p95():.0f} ms, slowest {during.slowest():.0f} ms; p95 {before.p95():.0f} ms before"
    require(during.slowest() <= SLOWEST_MS and during.p95() <= 2 * max(before.p95(), NOTICED_MS), times)
    return f"{arrived(stage, during, most_repeats=0.02)}, all out {healed:.1f} s after the end; {times}"


@contextmanager
def _meanwhile(work: Callable[[], Told]) -> Iterator[Callable[[], Told]]:
    """Let `work` run beside; what is yielded answers what it came to, after the block."""
    came: list[Told] = []
    thread = threading.Thread(target=lambda: came.append(work()))
    thread.start()
    yield lambda: came[0]
    thread.join()


@dataclass(frozen=True)
class Scenario:
    """`seconds` is how long its fault or its load lasts; `full` is what the promise says."""

    play: Callable[[Stage, float], str]
    seconds: float
    full: float


SCENARIOS: Mapping[str, Scenario] = {
    "F01": Scenario(redis_refuses, seconds=20, full=120),
    "F02": Scenario(redis_hangs, seconds=20, full=60),
    "F06": Scenario(workers_are_killed, seconds=20, full=60),
    "F13": Scenario(one_endpoint_hangs, seconds=20, full=120),
    "F15": Scenario(secrets_are_rotated, seconds=20, full=40),
    "L06": Scenario(many_endpoints, seconds=20, full=250),  # 100,000 deliveries
}
