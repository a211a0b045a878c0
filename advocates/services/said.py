"""What somebody answered, as APIs, webhooks and exports spell it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from advocates.models import Answer, Response
from advocates.services.kinds.questions import kind_of
from advocates.services.kinds.questions.base import Given, Said
from loyalty.models import Business, Event


@dataclass(slots=True)
class Answers:
    """By question key, in the order of the survey. `score` is the first answer that is a number on a scale."""

    score: int | None = None
    by_question: dict[str, Said] = field(default_factory=dict)


def answers_of(*, business: Business, response_ids: Collection[UUID]) -> Mapping[UUID, Answers]:
    """In one query."""
    rows = Answer.objects.for_business(business).filter(response_id__in=list(response_ids))
    found: dict[UUID, Answers] = defaultdict(Answers)
    for row in rows.select_related("question").order_by("question__position", "pk"):
        kind = kind_of(row.question.kind)
        said = kind.spell(row.question, Given(row.codes, row.text))
        answers = found[row.response_id]
        answers.by_question[row.question.key] = said
        if kind.HAS_SCORE and answers.score is None:
            answers.score = int(row.codes[0])
    return found


def describe_answers(business: Business, page: Sequence[Event]) -> Mapping[UUID, Mapping[str, Any]]:
    """`surveys/answered` in published bodies."""
    named = {event.pk: UUID(event.facts["responseId"]) for event in page}
    held = answers_of(business=business, response_ids=set(named.values()))
    known = Response.objects.for_business(business).in_bulk(set(named.values()))
    return {
        event_id: {
            "id": id,
            "surveyId": known[id].survey_id,
            "score": held[id].score,
            "answers": [{"question": key, "answer": said} for key, said in held[id].by_question.items()],
        }
        for event_id, id in named.items()
        if id in known
    }
