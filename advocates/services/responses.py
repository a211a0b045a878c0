"""People answer surveys here."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from advocates import events as news
from advocates.models import Answer, Question, Response, Survey
from advocates.services import participants
from advocates.services.kinds.questions import kind_of
from advocates.services.kinds.questions.base import Given, Said
from loyalty import events
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import Business


class SurveyClosed(Conflict):
    def __init__(self) -> None:
        super().__init__("This survey is archived, and takes no more answers.")


class AlreadyAnswered(Conflict):
    def __init__(self) -> None:
        super().__init__("This advocate has answered this survey already.", field="advocateId")


class Told(NamedTuple):
    """An answer to the question with this key."""

    question: str
    said: Said


@transaction.atomic
def answer(*, business: Business, survey_id: UUID, advocate_id: UUID, answers: Sequence[Told]) -> Response:
    """Answer a survey, all of it at once.

    :raises NotFound: if the business has no such survey or advocate, or the survey no such question
    :raises SurveyClosed: if the survey is archived
    :raises Invalid: if an answer is none to its question, or a required one is missing
    :raises AlreadyAnswered: the second time, unless the survey is repeatable
    :raises participants.NotActive: as `participants.lock`
    """
    survey = Survey.objects.for_business(business).filter(pk=survey_id).first()
    if survey is None:
        raise NotFound("survey")
    if survey.archived_at:
        raise SurveyClosed
    questions = Question.objects.for_business(business).filter(survey=survey, archived_at=None)
    given = _read({question.key: question for question in questions}, answers)
    participants.lock(business=business, advocate_id=advocate_id)
    earlier = Response.objects.for_business(business).filter(survey=survey, advocate_id=advocate_id)
    latest = earlier.aggregate(latest=Max("number"))["latest"] or 0
    if latest and not survey.repeatable:
        raise AlreadyAnswered

    now = clock.now(business)
    response = Response(business=business, survey=survey, advocate_id=advocate_id, number=latest + 1, created_at=now)
    response.save(force_insert=True)
    Answer.objects.bulk_create(
        Answer(business=business, response=response, question=question, codes=codes, text=text)
        for question, (codes, text) in given
    )
    events.record([news.survey_answered(response)], now=now)
    return response


def _read(questions: Mapping[str, Question], answers: Sequence[Told]) -> list[tuple[Question, Given]]:
    found: dict[str, tuple[Question, Given]] = {}
    for number, told in enumerate(answers):
        place = f"answers.{number}"
        if told.question not in questions:
            raise NotFound("question", field=f"{place}.question")
        if told.question in found:
            raise Invalid("Answer each question once.", field=f"{place}.question")
        question = questions[told.question]
        found[told.question] = question, kind_of(question.kind).read(question, told.said, field=f"{place}.answer")
    missing = next((key for key, question in questions.items() if question.required and key not in found), None)
    if missing or not found:
        raise Invalid(f"Answer the question {missing!r}." if missing else "Answer a question.", field="answers")
    return list(found.values())
