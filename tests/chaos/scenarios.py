"""One function a fault. Each says what it counted, and raises `Broken` where that is not as promised."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from statistics import median

from tests.chaos import gifting
from tests.chaos.shop import Told
from tests.chaos.stage import Stage
from tests.faults import Mode
from tests.rewards.gifts import mailbox
from tests.rewards.gifts.mailbox import Mailbox

HEALED_WITHIN = 60.0
PATH = "hook"
WEBHOOKS = ("relay", "delivery")
CARDS = 2_000
SENT_WITHIN = 900.0
COUNTS = """
    SELECT (SELECT count(*) FROM rewards_giftcard WHERE business_id = %s AND status = 'Sent'),
        (SELECT count(DISTINCT card_id) FROM rewards_code WHERE business_id = %s),
        (SELECT sum(CASE credit WHEN 'sold' THEN amount_minor ELSE -amount_minor END)
         FROM rewards_giftposting WHERE business_id = %s AND source_type <> 'funding')
"""
SLOW = 14.0


class Broken(Exception):
    """A promise was not kept."""


def redis_refuses(stage: Stage, seconds: float) -> str:
    """F01: no write notices, and every event is out within a minute of the healing."""
    return _redis_fails(stage, "refuse", seconds)


def redis_hangs(stage: Stage, seconds: float) -> str:
    """F02: the same where Redis takes connections and says nothing; no request takes more than three seconds."""
    return _redis_fails(stage, "hang", seconds)


def workers_are_killed(stage: Stage, seconds: float) -> str:
    """F06: a process of the workers dies every two seconds in mid-task, and nothing is lost."""
    stage.begin(*WEBHOOKS)
    stage.shop.subscribe(stage.consumer.url(PATH))
    kills = 0
    with _meanwhile(lambda: stage.shop.give(seconds=seconds, per_second=20)) as told_of:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            time.sleep(2 * stage.random.uniform(0.8, 1.2))
            stage.kill(*WEBHOOKS)
            kills += 1
    told = told_of()
    healed = stage.wait_for(told, PATH, patience=HEALED_WITHIN)
    return f"{kills} kills; {_verdict(stage, told, healed, most_repeats=0.02)}"


def many_endpoints(stage: Stage, seconds: float) -> str:
    """L06: every event reaches each of twenty endpoints, hardly any twice, numbered without gaps."""
    stage.begin(*WEBHOOKS)
    paths = [f"hook-{number}" for number in range(20)]
    stage.shop.subscribe(*map(stage.consumer.url, paths))
    told = stage.shop.give(seconds=seconds, per_second=20)
    healed = stage.wait_for(told, *paths, patience=HEALED_WITHIN)
    verdicts = {_verdict(stage, told, 0, path=path, most_repeats=0.001) for path in paths}
    return f"{len(told.entries) * len(paths)} deliveries, all there after {healed:.1f} s; each: {min(verdicts)}"


def one_endpoint_hangs(stage: Stage, seconds: float) -> str:
    """F13: one endpoint takes fourteen seconds; ten healthy ones have theirs as soon as without it."""
    stage.begin(*WEBHOOKS)
    paths = [f"hook-{number}" for number in range(10)]
    stage.shop.subscribe(*map(stage.consumer.url, paths))
    alone = _delay(stage, stage.shop.give(seconds=seconds / 2, per_second=10), paths)
    stage.consumer.holds["slow"] = SLOW
    stage.shop.subscribe(stage.consumer.url("slow"))
    beside = _delay(stage, stage.shop.give(seconds=seconds / 2, per_second=10), paths)
    heard = len(stage.consumer.heard["slow"].times)
    if beside > 2 * max(alone, 0.05):
        raise Broken(f"the healthy waited {beside:.3f} s beside the slow one, {alone:.3f} s without")
    return f"p95 of the healthy {alone:.3f} s alone, {beside:.3f} s beside one that hung {heard} times"


def gift_workers_are_killed(stage: Stage, seconds: float) -> str:
    """F14: workers die while they make and send 2,000 gift cards: each is there once, and every message arrives."""
    with mailbox.opened() as received:
        stage.world.env["EMAIL_URL"] = f"smtp://127.0.0.1:{received.port}"
        stage.begin(*WEBHOOKS, "bulk")
        stage.world.run("-m", "tests.chaos.gifting", str(stage.shop.cast.business), str(CARDS))
        moments = [*sorted(stage.random.sample(range(1, CARDS), int(seconds / 4))), 2 * CARDS]  # so many have come
        started, kills = time.monotonic(), 0
        while time.monotonic() < started + SENT_WITHIN and _gift_order(stage) != "Completed":
            time.sleep(0.2)
            if len(received.mails) >= moments[kills]:
                stage.kill("bulk")
                kills += 1
        took = time.monotonic() - started
        return f"{kills} kills; {_gifts(stage, received, kills)}, all out after {took:.0f} s"


def _gift_order(stage: Stage) -> str:
    with stage.world.connect() as connection:
        row = connection.execute("SELECT status FROM rewards_giftorder").fetchone()
    return str(row and row[0])


def _gifts(stage: Stage, received: Mailbox, kills: int) -> str:
    stage.world.run("manage.py", "verify_ledger")
    sent = Counter((str(mail["To"]), str(mail["Message-ID"]), _link(mail)) for mail in received.mails)
    with stage.world.connect() as connection:
        cards, codes, paid = connection.execute(COUNTS, [stage.shop.cast.business] * 3).fetchone() or (0, 0, 0)
    reached = {to for to, _, _ in sent} & {gifting.guest(number) for number in range(CARDS)}
    repeats = sent.total() - len(sent)
    text = (
        f"{cards} cards, {codes} codes, {paid} paid, {len(reached)} reached, {repeats} repeats, {len(sent)} messages"
    )
    if {cards, codes, len(reached), len(sent)} != {CARDS} or repeats > kills or paid != CARDS * 100:
        raise Broken(text)
    return text


def _link(mail: EmailMessage) -> str:
    body = mail.get_body(["plain"])
    return next(word for word in body.get_content().split() if "/g/" in word) if body else ""


def _redis_fails(stage: Stage, mode: Mode, seconds: float) -> str:
    stage.begin(*WEBHOOKS)
    stage.shop.subscribe(stage.consumer.url(PATH))
    before = stage.shop.give(seconds=5, per_second=20)
    stage.redis.become(mode)
    during = stage.shop.give(seconds=seconds, per_second=20)
    stage.redis.become("pass")
    healed = stage.wait_for(during, PATH, patience=HEALED_WITHIN)
    if during.refused:
        raise Broken(f"{len(during.refused)} writes were refused, first {during.refused[0]}")
    if during.slowest() > 3000:
        raise Broken(f"a request took {during.slowest():.0f} ms")
    stage.wait_for(before, PATH, patience=HEALED_WITHIN)
    _verdict(stage, before, 0, most_repeats=0.02)
    return (
        f"{_verdict(stage, during, healed, most_repeats=0.02)}; "
        f"p95 {during.p95():.0f} ms, slowest {during.slowest():.0f} ms ({before.p95():.0f} ms before)"
    )


def _verdict(stage: Stage, told: Told, healed: float, *, most_repeats: float, path: str = PATH) -> str:
    heard, missing = stage.consumer.heard[path], stage.missing(told, path)
    text = f"{len(told.entries)} events, {missing} missing, {heard.repeats} repeated, {heard.gaps()} gaps"
    if missing or heard.gaps() or told.refused or heard.repeats > most_repeats * len(heard.times):
        raise Broken(f"{text}; refused: {told.refused[:3]}")
    return f"{text}, all out {healed:.1f} s after the end" if healed else text


def _delay(stage: Stage, told: Told, paths: list[str]) -> float:
    """The 95th percentile of seconds from asking to hearing, the median over the endpoints."""
    stage.wait_for(told, *paths, patience=HEALED_WITHIN)
    each = []
    for path in paths:
        _verdict(stage, told, 0, most_repeats=0.01, path=path)
        heard = stage.consumer.heard[path]
        delays = sorted(heard.entry_at[entry] - asked for entry, asked in told.entries.items())
        each.append(delays[len(delays) * 95 // 100])
    return median(each)


@contextmanager
def _meanwhile(work: Callable[[], Told]) -> Iterator[Callable[[], Told]]:
    """Let `work` run beside; what is yielded answers what it came to, after the block."""
    came: list[Told] = []
    thread = threading.Thread(target=lambda: came.append(work()))
    thread.start()
    yield lambda: came[0]
    thread.join()


SCENARIOS: Mapping[str, Callable[[Stage, float], str]] = {
    "F01": redis_refuses,
    "F02": redis_hangs,
    "F06": workers_are_killed,
    "F13": one_endpoint_hangs,
    "F14": gift_workers_are_killed,
    "L06": many_endpoints,
}
