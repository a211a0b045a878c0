"""Up to a thousand events in one call, each on its own; what they paid can be taken back by the batch's id."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from loyalty.kernel import tries
from loyalty.kernel.errors import DomainError
from loyalty.models import Batch, Business
from loyalty.services import climbing, people
from loyalty.services.intake import Intake
from loyalty.services.notes import TakenMeanwhile
from loyalty.services.people import Person
from loyalty.services.reports import Report, Taken


@dataclass(frozen=True, slots=True)
class Done:
    """A batch of events, and what came of each."""

    batch: Batch
    results: Sequence[Taken | DomainError]


def take(*, business: Business, reports: Sequence[Report | DomainError], author: str = "") -> Done:
    """Take in every event, in the order sent. One that is refused, or was an error before, spoils no other.

    The batch keeps the entries that the events made, of quests and rules alike: undoing it takes those back. What was
    completed stays completed.
    """
    return tries.again(lambda: _take(business, reports, author), on=TakenMeanwhile)


@transaction.atomic
def _take(business: Business, reports: Sequence[Report | DomainError], author: str) -> Done:
    sent = [report for report in reports if isinstance(report, Report)]
    as_it_is, locked = people.lock(business=business, account_ids={report.account_id for report in sent})
    with climbing.counting() as given:
        intake = Intake(sent, business=as_it_is, people=locked, are_many=True)
        results = [report if isinstance(report, DomainError) else _taken(report, intake, given) for report in reports]
        intake.write()
    _tell_the_last(reports, results, given)
    made = entries_since(locked, business=business)
    batch = Batch.objects.create(business=business, kind=Batch.Kind.EVENTS, made=made, author=author)
    return Done(batch, results)


def _taken(report: Report, intake: Intake, given: Counter[UUID]) -> Taken | DomainError:
    """What came of an event. What follows for its person until the next event is what it led to, nearly always."""
    try:
        taken = intake.take(report)
    except DomainError as error:
        return error
    return taken.followed_by(given.pop(report.account_id, 0)) if taken.did_something else taken


def _tell_the_last(
    reports: Sequence[Report | DomainError], results: list[Taken | DomainError], given: Counter[UUID]
) -> None:
    """What followed when all was written, such as from a step of a ladder, is told with the last that somebody did."""
    for number in reversed(range(len(results))):
        report, taken = reports[number], results[number]
        if isinstance(report, Report) and isinstance(taken, Taken) and taken.did_something:
            results[number] = taken.followed_by(given.pop(report.account_id, 0))


ENTRIES = """
    SELECT e.id FROM loyalty_ledgerentry e
    JOIN unnest(%s::uuid[], %s::bigint[]) AS a (id, sequence) ON e.account_id = a.id AND e.sequence > a.sequence
    WHERE e.business_id = %s AND e.type = 'earn' ORDER BY e.id
"""


def entries_since(locked: Mapping[UUID, Person], *, business: Business) -> list[UUID]:
    """What has been earned by people since they were locked: by nobody else's doing."""
    before = [person.event_sequence for person in locked.values()]
    with connection.cursor() as cursor:
        cursor.execute(ENTRIES, [list(locked), before, business.pk])
        return [entry_id for (entry_id,) in cursor.fetchall()]
