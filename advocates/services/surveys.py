"""Surveys are written and archived here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from advocates.models import Question, Survey
from advocates.services.kinds.questions import kind_of
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import Business
from loyalty.services import naming

MOST_QUESTIONS = 50
REWRITTEN = ("text", "options", "multiple", "required", "position")  # what a question that stays may change


class QuestionKeyTaken(Conflict):
    def __init__(self, key: str, *, field: str) -> None:
        super().__init__(f"Another question of this survey has the key {key!r}. Choose another one.", field=field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, as callers and documents write it. Its key is made from its place where none is given."""

    kind: str
    text: str
    key: str | None = None
    options: Sequence[str] = field(default_factory=tuple)
    multiple: bool = False
    required: bool = True


@transaction.atomic
def create(
    *,
    business: Business,
    title: str,
    questions: Sequence[Asked],
    description: str = "",
    repeatable: bool = False,
    key: str | None = None,
) -> Survey:
    """Write a survey. Its key is made from its title where none is given.

    :raises Invalid: if it asks nothing or too much, or a question makes no sense
    :raises naming.KeyTaken, QuestionKeyTaken: if a key is taken
    """
    business = naming.lock(business)
    key = naming.key_for(Survey.objects.for_business(business), key=key, title=title, noun="survey")
    now = clock.now(business)
    survey = Survey(business=business, key=key, created_at=now)
    survey.save(force_insert=True)
    return rewrite(survey, title=title, description=description, repeatable=repeatable, questions=questions)


@transaction.atomic
def rewrite(survey: Survey, *, title: str, description: str, repeatable: bool, questions: Sequence[Asked]) -> Survey:
    """Make a survey read like this. Answers stay: a question that goes, or changes its kind, is archived with them.

    :raises Invalid, QuestionKeyTaken: as `create`
    """
    wanted = questions_of(survey, questions)
    survey.title, survey.description, survey.repeatable = title, description, repeatable
    survey.archived_at, survey.updated_at = None, clock.now(survey.business)
    survey.save(update_fields=["title", "description", "repeatable", "archived_at", "updated_at"])
    held = Question.objects.for_business(survey.business).filter(survey=survey, archived_at=None)
    by_key = {question.key: question for question in held.select_for_update()}
    kept = {q.key: by_key[q.key] for q in wanted if q.key in by_key and by_key[q.key].kind == q.kind}
    held.exclude(key__in=kept).update(archived_at=survey.updated_at)
    for question in wanted:
        if question.key in kept:
            question.pk = kept[question.key].pk
    Question.objects.bulk_create(wanted, update_conflicts=True, unique_fields=["id"], update_fields=REWRITTEN)
    return survey


def set_archived(*, business: Business, survey_id: UUID, archived: bool) -> Survey:
    """Close a survey, or open it again.

    :raises NotFound: if the business has no such survey
    """
    now = clock.now(business)
    rows = Survey.objects.for_business(business).filter(pk=survey_id)
    if not rows.update(archived_at=now if archived else None, updated_at=now):
        raise NotFound("survey")
    return rows.get()


def questions_of(survey: Survey, questions: Sequence[Asked]) -> list[Question]:
    """A survey's questions, not saved yet.

    :raises Invalid, QuestionKeyTaken: as `create`, naming their place
    """
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise Invalid(f"A survey has 1 to {MOST_QUESTIONS} questions.", field="questions")
    seen: set[str] = set()
    found = []
    for number, asked in enumerate(questions):
        place = f"questions.{number}"
        key = asked.key or f"q{number + 1}"
        if key in seen:
            raise QuestionKeyTaken(key, field=f"{place}.key")
        seen.add(key)
        question = Question(
            business_id=survey.business_id,
            survey=survey,
            key=key,
            kind=asked.kind,
            text=asked.text,
            options=list(asked.options),
            multiple=asked.multiple,
            required=asked.required,
            position=number,
        )
        kind_of(asked.kind, field=f"{place}.kind").check(question, field=f"{place}.options")
        found.append(question)
    return found
