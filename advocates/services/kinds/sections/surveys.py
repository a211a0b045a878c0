"""`surveys`: what people are asked. A question is known by its key: while that and its kind stay, answers do, too."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from advocates.models import Question, Survey
from advocates.services import surveys
from advocates.services.kinds.sections.base import Item, Key, Text, Title
from advocates.services.surveys import Asked
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from loyalty.models import Business
from loyalty.services.programme import Document, Problem, Section


class QuestionItem(Item):
    key: Key
    kind: str
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    options: list[Title] = []
    multiple: bool = False
    required: bool = True


class SurveyItem(Item, kw_only=True):
    key: Key
    title: Title
    description: Text = ""
    repeatable: bool = False
    questions: Annotated[list[QuestionItem], msgspec.Meta(min_length=1, max_length=surveys.MOST_QUESTIONS)]


def export(business: Business) -> list[SurveyItem]:
    live = Survey.objects.for_business(business).filter(archived_at=None).order_by("key")
    asked: dict[object, list[QuestionItem]] = {}
    questions = Question.objects.for_business(business).filter(archived_at=None)
    for row in questions.order_by("position", "pk"):
        asked.setdefault(row.survey_id, []).append(_item(row))
    return [
        SurveyItem(
            key=survey.key,
            title=survey.title,
            description=survey.description,
            repeatable=survey.repeatable,
            questions=asked.get(survey.pk, []),
        )
        for survey in live
    ]


def apply(business: Business, items: list[SurveyItem]) -> None:
    now = clock.now(business)
    rows = Survey.objects.for_business(business)
    rows.filter(archived_at=None).exclude(key__in=[item.key for item in items]).update(archived_at=now)
    for item in items:
        survey, _ = rows.get_or_create(business=business, key=item.key, defaults={"created_at": now})
        survey.business = business
        surveys.rewrite(
            survey,
            title=item.title,
            description=item.description,
            repeatable=item.repeatable,
            questions=_asked(item),
        )


def check(items: list[SurveyItem], document: Document) -> Iterator[Problem]:
    for number, item in enumerate(items):
        try:
            surveys.questions_of(Survey(), _asked(item))
        except DomainError as error:
            yield Problem(path=f"surveys.{number}.{error.field}", message=error.message)


def _item(row: Question) -> QuestionItem:
    return QuestionItem(
        key=row.key,
        kind=row.kind,
        text=row.text,
        options=row.options,
        multiple=row.multiple,
        required=row.required,
    )


def _asked(item: SurveyItem) -> list[Asked]:
    return [Asked(**msgspec.structs.asdict(question)) for question in item.questions]


SECTION = Section(key="surveys", shape=list[SurveyItem], export=export, apply=apply, check=check)
