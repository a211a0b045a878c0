"""What somebody may tap, and how much energy they have for it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from loyalty.kernel import clock
from loyalty.models import Account, Business, TapMeter, TapProgramme
from loyalty.selectors import segments

Status = TapProgramme.Status


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands in a programme at a moment. `left_today` is in points; None: a day has no limit."""

    programme: TapProgramme
    energy: int
    next_in: timedelta  # until one more energy is there; nothing, where it is full
    full_in: timedelta
    left_today: int | None
    earned: int

    @property
    def is_active(self) -> bool:
        return self.programme.status == Status.ACTIVE


def programmes_for(*, business: Business, account_id: UUID) -> "QuerySet[TapProgramme]":
    """The programmes that are for somebody, paused ones too."""
    theirs = segments.keys_of(business=business, account_ids=[account_id]).get(account_id, ())
    live = TapProgramme.objects.for_business(business).exclude(status=Status.ARCHIVED).select_related("pays")
    return live.filter(Q(segment_keys=[]) | Q(segment_keys__overlap=list(theirs)))


def standings(*, business: Business, account_id: UUID) -> list[Standing]:
    """How somebody stands in all programmes that are for them, the active ones first: four queries."""
    account = Account.objects.for_business(business).select_related("business").get(pk=account_id)
    now = max(clock.now(account.business), account.last_event_at)
    found = TapMeter.objects.for_business(business).filter(account=account_id)
    meters = {meter.programme_id: meter for meter in found}
    rows = programmes_for(business=business, account_id=account_id).order_by("status", "key")
    return [standing(row, meters.get(row.pk), at=now, day=day_of(now, account.business)) for row in rows]


def standing(programme: TapProgramme, meter: TapMeter | None, *, at: datetime, day: date) -> Standing:
    tank = programme.tank
    level = tank.level(meter.energy_level if meter else None, at=at)
    today = meter.on(day) if meter else 0
    return Standing(
        programme=programme,
        energy=level.units,
        next_in=tank.until(min(level.units + 1, tank.size), level, at=at),
        full_in=tank.until(tank.size, level, at=at),
        left_today=None if programme.per_day is None else max(0, programme.per_day - today),
        earned=int(meter.earned) if meter else 0,
    )


def day_of(moment: datetime, business: Business) -> date:
    """The day of the programme's zone."""
    return moment.astimezone(ZoneInfo(business.timezone)).date()
