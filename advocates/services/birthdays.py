"""Birthdays: told to the engine once a calendar year and person, on the programme's own calendar and clock.

A worker looks every few minutes. Each person is told of in a transaction of their own, under an id that the year is
part of, so that a round may break off, run twice, or meet another one: the engine counts each id once.
"""

from calendar import isleap
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import structlog
from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from advocates.models import Advocate, BirthdayRound
from loyalty.kernel import clock, periods
from loyalty.kernel.errors import DomainError
from loyalty.kernel.rounds import Round
from loyalty.models import Account, Action, Business
from loyalty.selectors import listening
from loyalty.services import actions
from loyalty.services.reports import Report

log = structlog.get_logger(__name__)

TRIGGER = "birthday"
BATCH = 500
DAY = timedelta(days=1)


def tell_due() -> int:
    """Tell of every birthday that has come. Answers how many; safe to run twice, or twice at once."""
    hearing = listening.businesses_that_hear(TRIGGER)
    # Who begins to listen begins today: what was before is not made up for.
    BirthdayRound.objects.exclude(business__in=hearing).delete()
    with Round("tell_birthdays") as work:
        return sum(_serve(business, work) for business in hearing)


def _serve(business: Business, work: Round) -> int:
    told = 0
    with work.piece(business=business.pk):
        told += _tell_business(business, work)
    return told


def _tell_business(business: Business, work: Round) -> int:
    """Today's birthdays, after those of the days of this year on which no worker ran."""
    today = _today(business)
    rounds = BirthdayRound.objects.for_business(business)
    last = rounds.values_list("day", flat=True).first()
    day = today if last is None else max(last + DAY, today.replace(month=1, day=1))
    told = 0
    while day <= today:
        told += sum(_tell(business, advocate_id, day.year, work) for advocate_id in _whose(business, day))
        day += DAY
    # Not today itself: who enters a birthday in the afternoon has one, too, and whom we fail at is tried all day.
    rounds.update_or_create(business=business, defaults={"day": today - DAY})
    return told


def _today(business: Business) -> date:
    return periods.day_of(clock.now(business), zone=business.timezone)


def _whose(business: Business, day: date) -> Iterator[UUID]:
    """The active people whose birthday falls on a day, and who were not told of this year: batch by batch."""
    told = Action.objects.for_business(business).filter(event_id=_id_in_sql(day.year))
    born = Advocate.objects.for_business(business).filter(_falls_on(day), birthday__lt=day)
    waiting = born.filter(~Exists(told), account__status=Account.Status.ACTIVE).order_by("pk")
    after = Q()
    while batch := list(waiting.filter(after).values_list("pk", flat=True)[:BATCH]):
        yield from batch
        after = Q(pk__gt=batch[-1])


def _falls_on(day: date) -> Q:
    """Who was born on 29 February has their birthday on the 28th in years without one."""
    here = Q(birthday__month=day.month, birthday__day=day.day)
    is_last_of_february = (day.month, day.day) == (2, 28) and not isleap(day.year)
    return here | Q(birthday__month=2, birthday__day=29) if is_last_of_february else here


def _tell(business: Business, advocate_id: UUID, year: int, work: Round) -> bool:
    event_id = f"{TRIGGER}:{advocate_id}:{year}"
    report = Report(account_id=advocate_id, name=TRIGGER, data={}, origin="server", event_id=event_id)
    if _today(business).year != year:  # New Year has come meanwhile: they would be paid with the next one's gift
        return False
    with work.piece(business=business.pk, account=advocate_id):
        try:
            return not actions.take(report, business=business).is_repeat
        except DomainError as error:  # blocked since, or a balance that is full: that is no failure of ours
            log.warning("birthday_not_told", advocate=str(advocate_id), code=error.code.value)
    return False


def _id_in_sql(year: int) -> Concat:
    """The id of a person's event, as the database spells it."""
    return Concat(Value(f"{TRIGGER}:"), Cast(OuterRef("pk"), CharField()), Value(f":{year}"))
