"""The year that Acme Coffee has behind it: who did what when. The same every time, but for its dates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from config.demo import deeds, voices, world
from config.demo.deeds import Stage
from config.demo.world import PAST, Person
from loyalty.kernel import clock
from loyalty.models import Business
from rewards.models import Reward
from rewards.services import rewards

SEED = 1815
MONTH = timedelta(days=30)
SEASON = [0.8, 0.75, 0.85, 0.85, 0.8, 0.7, 0.55, 0.55, 0.8, 0.95, 1.15, 1.4]  # how busy a month is, January first
WEEK = [0.8, 0.75, 0.8, 0.9, 1.1, 1.4, 1.0]  # Monday first
HOURS = range(8, 19)
LAST_MUGS = 2


@dataclass(frozen=True)
class Act:
    at: datetime
    deed: Callable[[Stage], None]


def tell(business: Business, *, now: datetime) -> None:
    """Let a year happen to a business, every act at its own time."""
    rng = Random(SEED)
    with clock.moved_to(now - PAST):
        catalogue = [rewards.create(business=business, **reward) for reward in world.rewards(now)]
    stage = Stage(business, catalogue, rng)
    people = world.people(rng, now)
    acts = [act for person in people for act in _life(rng, person, now)]
    acts += [Act(now, partial(deeds.order_ahead, person=person)) for person in people[::10]]
    acts += [Act(now, partial(deeds.invite_back, person=person)) for person in people[1::10]]
    acts += [Act(now - MONTH * number, deeds.settle) for number in range(12)]
    for act in sorted(acts, key=lambda act: act.at):
        if act.at <= now:
            with clock.moved_to(act.at):
                act.deed(stage)
    voices.tell(stage, people)
    _nearly_sell_out(next(reward for reward in catalogue if reward.product_id == "mug"))


def _life(rng: Random, person: Person, now: datetime) -> Iterator[Act]:
    yield Act(person.joined, partial(deeds.join, person=person))
    for at in _times(rng, person.orders_a_month, person.joined, now):
        yield Act(at, partial(deeds.order, person=person))
        if rng.random() < 0.04:
            yield Act(at + timedelta(hours=30), partial(rng.choice([deeds.apologise, deeds.correct]), person=person))
    for at in _times(rng, person.visits_a_month, person.joined, now):
        yield Act(at, partial(deeds.visit, person=person))
    for at in _times(rng, person.wishes_a_month, person.joined, now):
        yield Act(at, partial(deeds.redeem, person=person))
        if rng.random() < 0.08:
            yield Act(at + timedelta(hours=20), partial(deeds.change_mind, person=person))


def _times(rng: Random, a_month: float, since: datetime, until: datetime) -> list[datetime]:
    """Moments between two, the more of them the busier the shop is."""
    wanted = round(a_month * ((until - since) / MONTH))
    moments: list[datetime] = []
    while len(moments) < wanted:
        moment = _in_opening_hours(rng, since + (until - since) * rng.random())
        busy = SEASON[moment.month - 1] * WEEK[moment.weekday()]
        if since < moment < until and rng.random() < busy / (max(SEASON) * max(WEEK)):
            moments.append(moment)
    return moments


def _in_opening_hours(rng: Random, moment: datetime) -> datetime:
    local = moment.astimezone(ZoneInfo(world.TIMEZONE))
    return local.replace(hour=rng.choice(HOURS), minute=rng.randrange(60), second=rng.randrange(60))


def _nearly_sell_out(mug: Reward) -> None:
    """Of what was popular, little is left."""
    mug.refresh_from_db()
    rewards.update(business=mug.business, reward_id=mug.pk, stock=mug.taken + LAST_MUGS)
