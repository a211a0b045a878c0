"""How often what was answered: counted by the database, whatever the number of answers."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count, F, Func, TextField

from advocates.models import Answer, Response
from loyalty.models import Business


@dataclass(slots=True)
class Tally:
    """The answers to one question, and how often each code is among them."""

    answers: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def tallies(*, business: Business, question_ids: Collection[UUID]) -> Mapping[UUID, Tally]:
    """In two queries."""
    answers = Answer.objects.for_business(business).filter(question_id__in=list(question_ids))
    found: dict[UUID, Tally] = defaultdict(Tally)
    for question_id, number in answers.values_list("question_id").annotate(number=Count("pk")).order_by():
        found[question_id].answers = number
    codes = answers.annotate(code=Func(F("codes"), function="unnest", output_field=TextField()))
    for question_id, code, number in codes.values_list("question_id", "code").annotate(n=Count("pk")).order_by():
        found[question_id].counts[code] = number
    return found


def response_counts(*, business: Business, survey_ids: Collection[UUID]) -> Mapping[UUID, int]:
    rows = Response.objects.for_business(business).filter(survey_id__in=list(survey_ids))
    return dict(rows.values_list("survey_id").annotate(number=Count("pk")).order_by())
