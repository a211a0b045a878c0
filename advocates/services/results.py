"""What surveys have come to. Whole numbers only: scores are whole points, halves upwards."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from advocates.models import Question, Survey
from advocates.selectors import tallies
from advocates.services.kinds.questions import kind_of
from advocates.services.kinds.questions.base import Result
from loyalty.models import Business


@dataclass(frozen=True, slots=True)
class Outcome:
    """A survey's questions, each with its result. `score` is that of the first question that has one."""

    responses: int
    questions: Sequence[tuple[Question, Result]]

    @property
    def score(self) -> int | None:
        scored = [result.score for question, result in self.questions if kind_of(question.kind).HAS_SCORE]
        return scored[0] if scored else None


def outcomes(*, business: Business, surveys: Iterable[Survey]) -> Mapping[UUID, Outcome]:
    """By survey, in four queries, however many surveys, questions and answers there are."""
    survey_ids = [survey.pk for survey in surveys]
    live = Question.objects.for_business(business).filter(survey_id__in=survey_ids, archived_at=None)
    questions = list(live.order_by("position", "pk"))
    counted = tallies.tallies(business=business, question_ids=[question.pk for question in questions])
    responses = tallies.response_counts(business=business, survey_ids=survey_ids)

    def result_of(question: Question) -> Result:
        tally = counted.get(question.pk, tallies.Tally())
        return kind_of(question.kind).result(question, answers=tally.answers, counts=tally.counts)

    return {
        survey_id: Outcome(
            responses.get(survey_id, 0),
            [(question, result_of(question)) for question in questions if question.survey_id == survey_id],
        )
        for survey_id in survey_ids
    }
