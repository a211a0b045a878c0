"""Taking in what people have done whose accounts are locked: each event once, within its caps, all written at once."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count

from loyalty.kernel import clock, database, ids
from loyalty.kernel.errors import NotFound
from loyalty.models import Action, Business
from loyalty.services import app_word, compiled, reports
from loyalty.services.compiled import Programme
from loyalty.services.evaluation import Evaluation
from loyalty.services.ledger import AccountNotActive
from loyalty.services.notes import Note
from loyalty.services.people import Person
from loyalty.services.progress import Moment
from loyalty.services.reports import Report, Taken

Outcome = Action.Outcome
Whose = tuple[UUID, str]  # account, name of the event
Unpaid = Mapping[str, str] | None


class Intake:
    """Of events about some people: `take` them in the order sent, then `write`.

    :param are_many: whether another one may wait for it: then all budgets are locked before anything is completed
    """

    def __init__(
        self,
        sent: Sequence[Report],
        *,
        business: Business,
        people: Mapping[UUID, Person],
        are_many: bool = False,
    ) -> None:
        programme = compiled.of(business)
        names = {report.name for report in sent}
        self._people = people
        active = {pk: person for pk, person in people.items() if person.is_active}
        self._evaluation = Evaluation(
            business=business,
            programme=programme,
            people=active,
            names=names,
            now=clock.now(business),
            are_many=are_many,
            days={report.past.at for report in sent if report.past},
        )
        self._before = _before([report.event_id for report in sent if report.event_id], business=business)
        capped = [name for name in names if _cap(name, programme) is not None]
        moments = [self._evaluation.moment(account_id, {}) for account_id in active] if capped else []
        self._today = _today(capped, moments, business=business)

    def take(self, report: Report) -> Taken:
        """Take in one event, and let it move, complete and pay what listens to it.

        :raises NotFound: if it is about somebody else
        :raises AccountNotActive, NotForClients, Invalid: as `actions.take`
        """
        person = self._people.get(report.account_id)
        if person is None:
            raise NotFound("advocate")
        report = reports.checked(report, self._evaluation.programme)
        if not person.is_active:
            raise AccountNotActive
        if report.event_id in self._before:
            return Taken(*self._before[report.event_id], is_repeat=True)
        most, whose = _cap(report.name, self._evaluation.programme), (report.account_id, report.name)
        if most is not None and self._today[whose] >= most:
            moment = self._moment(report)
            return Taken(self._note(report, moment, ids.new_id(), Outcome.CAPPED), Outcome.CAPPED)
        taken = self.count(report)
        if most is not None:
            self._today[whose] += 1
        return taken

    def count(self, report: Report) -> Taken:
        """Let an event count, whatever bounds how often that may be, for somebody who is active."""
        programme, moment, action_id = self._evaluation.programme, self._moment(report), ids.new_id()
        is_heard = app_word.is_heard(report.name, origin=report.origin, programme=programme)
        outcome = Outcome.MATCHED if is_heard else Outcome.UNMATCHED
        if not programme.hears(report.name):
            return Taken(self._note(report, moment, action_id, outcome), outcome)
        if report.name not in programme.rules:  # so that it goes with what its steps write
            self._note(report, moment, action_id, outcome)
            done = self._evaluation.evaluate(report.name, moment, action_id=action_id)
        else:
            done = self._evaluation.evaluate(report.name, moment, action_id=action_id)
            self._note(report, moment, action_id, outcome, unpaid=done.unpaid)
        return Taken(action_id, outcome, False, done.verdicts, done.completed, done.paid)

    def write(self) -> None:
        """Write what the events did, and the events themselves.

        :raises TakenMeanwhile: if somebody else has sent one of them, of another person
        """
        self._evaluation.write(is_last=True)

    def _moment(self, report: Report) -> Moment:
        programme = self._evaluation.programme
        is_undeclared = app_word.is_undeclared(report.name, origin=report.origin, programme=programme)
        return self._evaluation.moment(report.account_id, report.data, is_undeclared=is_undeclared, past=report.past)

    def _note(self, report: Report, moment: Moment, action_id: UUID, outcome: str, *, unpaid: Unpaid = None) -> UUID:
        whose = (report.account_id, report.name, report.event_id, report.origin)
        self._evaluation.note(Note(action_id, *whose, outcome, report.data, moment.at, unpaid))
        if report.event_id is not None:
            self._before[report.event_id] = (action_id, outcome)
        return action_id


def _cap(name: str, programme: Programme) -> int | None:
    """How many of these events count on one day of one person."""
    declared = programme.events.get(name)
    return declared.per_day if declared else None


BEFORE = "SELECT event_id, id, outcome FROM loyalty_action WHERE business_id = %s AND event_id = ANY (%s)"


def _before(event_ids: Sequence[str], *, business: Business) -> dict[str | None, tuple[UUID, str]]:
    """What was taken in under these ids, and what came of it."""
    if not event_ids:
        return {}
    cursor = database.prepared_cursor()
    cursor.execute(BEFORE, [business.pk, event_ids])
    return {event_id: (pk, outcome) for event_id, pk, outcome in cursor.fetchall()}


def _today(names: Sequence[str], moments: Sequence[Moment], *, business: Business) -> Counter[Whose]:
    """How many of these events have counted today, each person's day being their own: as a rule one query."""
    found: Counter[Whose] = Counter()
    by_midnight: dict[datetime, list[UUID]] = defaultdict(list)
    for moment in moments:
        by_midnight[_midnight(moment)].append(moment.person.pk)
    for midnight, account_ids in by_midnight.items():
        rows = Action.objects.for_business(business).filter(
            account__in=account_ids, name__in=names, occurred_at__gte=midnight
        )
        counts = rows.exclude(outcome=Outcome.CAPPED).values_list("account_id", "name").annotate(Count("pk"))
        found.update({(account_id, name): count for account_id, name, count in counts})
    return found


def _midnight(moment: Moment) -> datetime:
    return datetime.combine(moment.day, time.min, ZoneInfo(moment.business.timezone))
