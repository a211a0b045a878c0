"""Taps in the widget. Our own clock alone says how many there can have been, so a flood of them earns no more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from loyalty.kernel.tanks import Level
from loyalty.models import Business, TapMeter, TapProgramme
from loyalty.models.tap import BREATH, FASTEST
from loyalty.selectors import ledger as books
from loyalty.selectors import taps
from loyalty.selectors.taps import Standing
from loyalty.services import ledger, people

MOST = FASTEST * BREATH  # taps of a batch


@dataclass(frozen=True, slots=True)
class Tapped:
    """What a batch came to. `limits` are those that let fewer count: paused, energy, pace, day, maximum."""

    taps: int
    points: int
    limits: list[str]
    standing: Standing
    balance: int


@dataclass(frozen=True, slots=True)
class _Moment:
    """Somebody in a programme, under the lock of their account."""

    business: Business
    account_id: UUID
    programme: TapProgramme
    meter: TapMeter | None  # none: they have not tapped yet
    now: datetime
    today: date

    @property
    def energy(self) -> Level:
        return self.programme.tank.level(self.meter.energy_level if self.meter else None, at=self.now)

    @property
    def pace(self) -> Level:
        return self.programme.pace.level(self.meter.pace_level if self.meter else None, at=self.now)

    @property
    def points_today(self) -> int:
        return self.meter.on(self.today) if self.meter else 0

    def limits(self) -> Iterator[tuple[str, int]]:
        """How many taps each limit lets count."""
        programme = self.programme
        yield "paused", MOST if programme.status == TapProgramme.Status.ACTIVE else 0
        yield "energy", self.energy.units
        yield "pace", self.pace.units
        if programme.per_day is not None:
            yield "day", max(0, programme.per_day - self.points_today) // programme.per_tap
        rooms = books.rooms(business=self.business, account_ids=[self.account_id], metric=programme.pays.key)
        yield "maximum", rooms[self.account_id] // programme.per_tap

    def draw(self, count: int) -> TapMeter:
        """Write down that so many taps have counted."""
        energy, pace, worth = self.energy, self.pace, count * self.programme.per_tap
        today = self.points_today + worth
        meter = self.meter or TapMeter(business=self.business, account_id=self.account_id, programme=self.programme)
        meter.energy, meter.energy_at = energy.units - count, energy.since
        meter.pace, meter.pace_at = pace.units - count, pace.since
        meter.day, meter.today = self.today, today
        meter.taps += count
        meter.earned += worth
        meter.save()
        return meter


@transaction.atomic
def take(*, business: Business, account_id: UUID, programme: str, count: int, batch_id: UUID) -> Tapped:
    """Pay somebody for as many of so many taps as their energy, their pace and the caps allow.

    :param programme: its key
    :param batch_id: made by whoever sends the taps; what was paid under it is never paid again
    :raises NotFound: if the business has no such account, or no such programme for them
    :raises ledger.AccountNotActive: if the account is blocked, merged or erased
    :raises ledger.AlreadyPosted: if the batch was paid before
    """
    moment = _moment(business, account_id, programme)
    limits = dict(moment.limits())
    counted = min(count, *limits.values())
    why = [name for name, most in limits.items() if most < count]
    meter = moment.meter
    if counted:
        meter = moment.draw(counted)
        _pay(moment, ledger.Source("tap", f"{meter.pk}:{batch_id}"), sent=count, taps=counted, limits=why)
    return Tapped(
        taps=counted,
        points=counted * moment.programme.per_tap,
        limits=why,
        standing=taps.standing(moment.programme, meter, at=moment.now, day=moment.today),
        balance=_balance(moment),
    )


def _moment(business: Business, account_id: UUID, key: str) -> _Moment:
    business, theirs = people.lock(business=business, account_ids=[account_id])
    person = theirs.get(account_id)
    if person is None:
        raise NotFound("advocate")
    if not person.is_active:
        raise ledger.AccountNotActive
    programme = taps.programmes_for(business=business, account_id=account_id).filter(key=key).first()
    if programme is None:
        raise NotFound("tap programme", field="programme")
    now = max(clock.now(business), person.last_event_at)
    meter = TapMeter.objects.for_business(business).filter(account=account_id, programme=programme).first()
    return _Moment(business, account_id, programme, meter, now, taps.day_of(now, business))


def _pay(moment: _Moment, source: ledger.Source, *, sent: int, taps: int, limits: list[str]) -> None:
    programme = moment.programme
    ledger.award(
        business=moment.business,
        account_id=moment.account_id,
        amount=taps * programme.per_tap,
        metric=programme.pays.key,
        source=source,
        facts={"action": "tap", "programme": programme.key},
        reason={
            "programme": programme.key,
            "perTap": programme.per_tap,
            "sent": sent,
            "taps": taps,
            "limits": limits,
        },
    )


def _balance(moment: _Moment) -> int:
    metric, account_id = moment.programme.pays.key, moment.account_id
    return books.wallets(business=moment.business, account_ids=[account_id], metric=metric)[account_id].amount
