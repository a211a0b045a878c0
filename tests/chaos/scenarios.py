"""One function a fault. Each says what it counted, and raises `Broken` where that is not as promised."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from bench import cpu
from tests.chaos import gifting, rotations
from tests.chaos.shop import Told
from tests.chaos.stage import Stage
from tests.chaos.verdicts import HEALED_WITHIN, PATH, arrived, delay, require
from tests.faults import Mode
from tests.rewards.gifts import mailbox
from tests.rewards.gifts.mailbox import Mailbox

WEBHOOKS = ("relay", "delivery")
GIFTS = ("bulk", "mail")  # make cards, and send them
CARDS = 2_000
SENT_WITHIN = 900.0
COUNTS = """
    SELECT (SELECT count(*) FROM rewards_giftcard WHERE business_id = %s AND status = 'Sent'),
        (SELECT count(DISTINCT card_id) FROM rewards_code WHERE business_id = %s),
        (SELECT sum(CASE credit WHEN 'sold' THEN amount_minor ELSE -amount_minor END)
         FROM rewards_giftposting WHERE business_id = %s AND source_type <> 'funding')
"""
KEPT = "SELECT count(*) FROM loyalty_ledgerentry WHERE id = ANY (%s::uuid[])"
SLOW = 14.0
SLOWEST_MS = 3000
NOTICED_MS = 50.0  # below this a multiple of a time says nothing
FLAT = 1.1
DEATHS, BACK_WITHIN = 5, 10.0


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
    with _meanwhile(lambda: stage.shop.give(seconds=seconds, per_second=100)) as told_of:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            time.sleep(2 * stage.random.uniform(0.8, 1.2))
            stage.kill(*WEBHOOKS)
            kills += 1
    told = told_of()
    healed = stage.wait_for(told, PATH, patience=HEALED_WITHIN)
    return f"{kills} kills; {arrived(stage, told, most_repeats=0.02)}, all out {healed:.1f} s after the end"


def database_dies(stage: Stage, seconds: float) -> str:
    """F04: PostgreSQL is killed five times; what it had acknowledged is there, and everybody goes on by themselves."""
    stage.begin(*WEBHOOKS)
    stage.shop.subscribe(stage.consumer.url(PATH))
    returned = []
    with _meanwhile(lambda: stage.shop.give(seconds=30 * seconds, per_second=20)) as told_of:
        try:
            for _ in range(DEATHS):
                time.sleep(seconds / (DEATHS + 1) * stage.random.uniform(0.8, 1.2))
                returned.append(stage.kill_database())
            time.sleep(seconds / (DEATHS + 1))
        finally:
            stage.shop.close()
    told = told_of()
    healed = stage.wait_for(told, PATH, patience=HEALED_WITHIN)
    stage.world.run("manage.py", "verify_ledger")
    slowest = max(min(at for at in told.answered if at >= moment) - moment for moment in returned)
    with stage.world.connect() as connection:
        lost = len(told.entries) - (connection.execute(KEPT, [list(told.entries)]).fetchone() or (0,))[0]
    others = [refusal for refusal in told.refused if not refusal.startswith("503")]
    text = arrived(stage, replace(told, refused=others), most_repeats=0.05)
    text += f"; {len(told.refused)} writes refused with 503, the next one taken {slowest:.1f} s after it was back"
    require(slowest <= BACK_WITHIN and not lost, f"{text}; {lost} acknowledged writes lost")
    return f"{DEATHS} deaths; {text}, all out {healed:.1f} s after the end"


def many_endpoints(stage: Stage, seconds: float) -> str:
    """L06: every event reaches each of twenty endpoints, hardly any twice, numbered without gaps; no worker grows."""
    stage.begin(*WEBHOOKS)
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
    stage.begin(*WEBHOOKS)
    paths = [f"hook-{number}" for number in range(50)]
    stage.shop.subscribe(*map(stage.consumer.url, paths))
    alone = delay(stage, stage.shop.give(seconds=seconds / 2, per_second=8), paths)
    stage.consumer.holds["slow"] = SLOW
    stage.shop.subscribe(stage.consumer.url("slow"))
    beside = delay(stage, stage.shop.give(seconds=seconds / 2, per_second=8), paths)
    heard = len(stage.consumer.heard["slow"].times)
    text = f"p95 of {len(paths)} healthy {alone:.3f} s alone, {beside:.3f} s beside one that hung {heard} times"
    require(beside <= 2 * max(alone, NOTICED_MS / 1000), text)
    return text


def secrets_are_rotated(stage: Stage, seconds: float) -> str:
    """F15: a webhook's secret, an API key and the master key are changed, and no call and no receiver notices."""
    stage.begin(*WEBHOOKS)
    stage.start_web()
    (endpoint,) = stage.shop.subscribe(stage.consumer.url(PATH))
    stage.consumer.secrets.append(endpoint["secret"])
    with _meanwhile(lambda: stage.shop.give(seconds=30 * seconds, per_second=50)) as told_of:
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


def gift_workers_are_killed(stage: Stage, seconds: float) -> str:
    """Workers die while they make and send 2,000 gift cards: each is there once, and every message arrives."""
    with mailbox.opened() as received:
        stage.world.env["EMAIL_URL"] = f"smtp://127.0.0.1:{received.port}"
        stage.begin(*WEBHOOKS, *GIFTS)
        stage.world.run("-m", "tests.chaos.gifting", str(stage.shop.cast.business), str(CARDS))
        many = int(seconds / 5)
        made = sorted(stage.random.choices(range(0, CARDS, gifting.CHUNK), k=many))  # so many there are
        sent = sorted(stage.random.sample(range(1, CARDS), many))  # so many have come
        started, died = time.monotonic(), Counter[str]()
        while time.monotonic() < started + SENT_WITHIN and (now := _gift_order(stage)).status != "Completed":
            for there, left in ((now.cards, made), (len(received.mails), sent)):
                if left and there >= left[0]:
                    left.pop(0)
                    time.sleep(stage.random.uniform(0, 0.5))
                    died[_gift_order(stage).status] += 1
                    stage.kill(*GIFTS)
            time.sleep(0.05)
        took, kills = time.monotonic() - started, died.total()
        killed = f"{kills} kills, {died['Pending']} of them while cards were made"
        return f"{killed}; {_gifts(stage, received, kills)}, all out after {took:.0f} s"


class _Gifts(NamedTuple):
    status: str
    cards: int


def _gift_order(stage: Stage) -> _Gifts:
    """How far the order is."""
    with stage.world.connect() as connection:
        row = connection.execute("SELECT status, (SELECT count(*) FROM rewards_giftcard) FROM rewards_giftorder")
        return _Gifts(*(row.fetchone() or ("", 0)))


def _gifts(stage: Stage, received: Mailbox, kills: int) -> str:
    stage.world.run("manage.py", "verify_ledger")
    sent = Counter((str(mail["To"]), str(mail["Message-ID"]), mailbox.link_in(mail)) for mail in received.mails)
    with stage.world.connect() as connection:
        cards, codes, paid = connection.execute(COUNTS, [stage.shop.cast.business] * 3).fetchone() or (0, 0, 0)
    reached = {to for to, _, _ in sent} & {gifting.guest(number) for number in range(CARDS)}
    repeats = sent.total() - len(sent)
    text = (
        f"{cards} cards, {codes} codes, {paid} paid, {len(reached)} reached, {repeats} repeats, {len(sent)} messages"
    )
    is_whole = {cards, codes, len(reached), len(sent)} == {CARDS} and paid == CARDS * 100
    require(is_whole and repeats <= kills, text)
    return text


def _redis_fails(stage: Stage, mode: Mode, seconds: float) -> str:
    stage.begin(*WEBHOOKS)
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
    "F04": Scenario(database_dies, seconds=20, full=60),
    "F06": Scenario(workers_are_killed, seconds=20, full=60),
    "F13": Scenario(one_endpoint_hangs, seconds=20, full=500),  # 2,000 events to each
    "F15": Scenario(secrets_are_rotated, seconds=20, full=40),
    "L06": Scenario(many_endpoints, seconds=20, full=250),  # 100,000 deliveries
    "gifts": Scenario(gift_workers_are_killed, seconds=20, full=60),
}
