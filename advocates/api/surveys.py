"""Surveys, what people answer, and what it comes to, for a merchant's backend."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from msgspec import Meta, structs

from advocates.api import examples
from advocates.models import Question, Response, Survey
from advocates.services import responses, results, said, surveys
from advocates.services.kinds.questions import KINDS
from advocates.services.kinds.questions.base import Result, Said
from advocates.services.results import Outcome
from loyalty.api import types
from loyalty.api.examples import ADVOCATE_ID
from loyalty.api.paging import PageQuery, page_by_cursor
from loyalty.api.parsing import Body
from loyalty.api.views import Call, KeyView, Shape, get_or_404, operation
from loyalty.kernel.errors import Code
from loyalty.models import Business

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Kind = Annotated[str, Meta(max_length=40, extra_json_schema={"enum": list(KINDS)})]
Text = Annotated[str, Meta(min_length=1, max_length=500)]


class NewQuestion(Body):
    kind: Kind
    text: Text
    key: types.Key | None = None
    options: Annotated[list[Title], Meta(max_length=50)] = []
    multiple: bool = False
    required: bool = True


class NewSurvey(Body, kw_only=True):
    title: Title
    description: types.Text5000 = ""
    key: types.Key | None = None
    repeatable: bool = False
    questions: Annotated[list[NewQuestion], Meta(min_length=1, max_length=surveys.MOST_QUESTIONS)]


class ListSurveys(PageQuery):
    status: Literal["active", "archived"] = "active"


class NewAnswer(Body):
    question: types.Key
    answer: Annotated[int, Meta(ge=-1000, le=1000)] | Annotated[str, Meta(max_length=5000)] | list[Title]


class NewResponse(Body):
    advocate_id: UUID
    answers: Annotated[list[NewAnswer], Meta(max_length=surveys.MOST_QUESTIONS)]


class QuestionShape(Shape):
    """`score` is that of NPS (−100 to 100) and CSAT (0 to 100) questions; null without answers, and of other kinds."""

    example = examples.QUESTION

    key: str
    kind: str
    text: str
    options: list[str]
    multiple: bool
    required: bool
    answers: int
    score: int | None
    counts: dict[str, int]

    @classmethod
    def of(cls, question: Question, result: Result) -> Self:
        return cls(
            key=question.key,
            kind=question.kind,
            text=question.text,
            options=question.options,
            multiple=question.multiple,
            required=question.required,
            answers=result.answers,
            score=result.score,
            counts=dict(result.counts),
        )


class SurveyShape(Shape):
    """`score` is that of the first question that has one."""

    example = examples.SURVEY

    id: UUID
    key: str
    title: str
    description: str
    status: str
    repeatable: bool
    responses: int
    score: int | None
    questions: list[QuestionShape]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Survey, outcome: Outcome) -> Self:
        return cls(
            id=row.pk,
            key=row.key,
            title=row.title,
            description=row.description,
            status="archived" if row.archived_at else "active",
            repeatable=row.repeatable,
            responses=outcome.responses,
            score=outcome.score,
            questions=[QuestionShape.of(question, result) for question, result in outcome.questions],
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class AnswerShape(Shape):
    question: str
    answer: Said


class ResponseShape(Shape):
    example = examples.RESPONSE

    id: UUID
    survey_id: UUID
    advocate_id: UUID
    score: int | None
    answers: list[AnswerShape]
    created_at: datetime

    @classmethod
    def of(cls, row: Response, answers: said.Answers) -> Self:
        return cls(
            id=row.pk,
            survey_id=row.survey_id,
            advocate_id=row.advocate_id,
            score=answers.score,
            answers=[AnswerShape(question=key, answer=given) for key, given in answers.by_question.items()],
            created_at=row.created_at,
        )


class SurveyAnswer(Shape):
    survey: SurveyShape


class SurveyPage(Shape):
    surveys: list[SurveyShape]
    next_cursor: str | None


class ResponseAnswer(Shape):
    response: ResponseShape


class ResponsePage(Shape):
    responses: list[ResponseShape]
    survey: SurveyShape
    next_cursor: str | None


class Surveys(KeyView):
    @operation("List surveys with their results, newest first", query=ListSurveys, answer=SurveyPage)
    def get(self, call: Call[None, ListSurveys]) -> SurveyPage:
        rows = Survey.objects.for_business(call.business).filter(archived_at__isnull=call.query.status == "active")
        page = page_by_cursor(rows, call.query, business=call.business)
        found = results.outcomes(business=call.business, surveys=page.items)
        return SurveyPage(
            surveys=[SurveyShape.of(row, found[row.pk]) for row in page.items], next_cursor=page.next_cursor
        )

    @operation(
        "Write a survey",
        body=NewSurvey,
        answer=SurveyAnswer,
        status=201,
        errors=(Code.CONFLICT,),
        example={
            "title": "How was your coffee?",
            "questions": [
                {"key": "recommend", "kind": "nps", "text": "Would you recommend us?"},
                {"key": "drink", "kind": "choice", "text": "What did you have?", "options": ["Espresso", "Filter"]},
                {"key": "why", "kind": "text", "text": "Why?", "required": False},
            ],
        },
    )
    def post(self, call: Call[NewSurvey, None]) -> SurveyAnswer:
        body = call.body
        survey = surveys.create(
            business=call.business,
            title=body.title,
            description=body.description,
            key=body.key,
            repeatable=body.repeatable,
            questions=[surveys.Asked(**structs.asdict(question)) for question in body.questions],
        )
        return SurveyAnswer(survey=_shape(call.business, survey))


class Responses(KeyView):
    @operation("List a survey's responses, newest first, with its results", query=PageQuery, answer=ResponsePage)
    def get(self, call: Call[None, PageQuery], survey_id: UUID) -> ResponsePage:
        survey = get_or_404(Survey.objects.for_business(call.business), noun="survey", pk=survey_id)
        rows = Response.objects.for_business(call.business).filter(survey=survey)
        page = page_by_cursor(rows, call.query, business=call.business)
        held = said.answers_of(business=call.business, response_ids=[row.pk for row in page.items])
        return ResponsePage(
            responses=[ResponseShape.of(row, held[row.pk]) for row in page.items],
            survey=_shape(call.business, survey),
            next_cursor=page.next_cursor,
        )

    @operation(
        "Answer a survey",
        body=NewResponse,
        answer=ResponseAnswer,
        status=201,
        errors=(Code.CONFLICT,),
        example={
            "advocateId": ADVOCATE_ID,
            "answers": [{"question": "recommend", "answer": 9}, {"question": "drink", "answer": "Espresso"}],
        },
        description="All questions at once; once an advocate, unless the survey is repeatable.",
    )
    def post(self, call: Call[NewResponse, None], survey_id: UUID) -> ResponseAnswer:
        response = responses.answer(
            business=call.business,
            survey_id=survey_id,
            advocate_id=call.body.advocate_id,
            answers=[responses.Told(given.question, given.answer) for given in call.body.answers],
        )
        held = said.answers_of(business=call.business, response_ids=[response.pk])
        return ResponseAnswer(response=ResponseShape.of(response, held[response.pk]))


def _shape(business: Business, survey: Survey) -> SurveyShape:
    return SurveyShape.of(survey, results.outcomes(business=business, surveys=[survey])[survey.pk])
