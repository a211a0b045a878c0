"""Surveys in the dashboard: what is asked, and what it came to."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from advocates.admin.survey_forms import QuestionForm, QuestionFormSet, SurveyForm
from advocates.models import Answer, Question, Survey
from advocates.services import results, surveys
from advocates.services.kinds.questions import kind_of
from advocates.services.results import Outcome
from loyalty.admin import buttons, links, look
from loyalty.admin.base import TenantAdmin, TenantInline
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel import clock

SHOWN = 10  # of the latest words
STATE = look.column(
    "State", lambda survey: look.state("Archived") if survey.archived_at else look.state("Open", "success")
)


class Questions(TenantInline):
    model = Question
    form = QuestionForm
    formset = QuestionFormSet
    fields = ("position", "key", "kind", "text", "options", "multiple", "required")
    ordering = ("position", "pk")
    hide_title = True
    verbose_name = "question"
    verbose_name_plural = "Questions. One that has been answered cannot be removed"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(archived_at=None)


@admin.register(Survey)
class SurveyAdmin(TenantAdmin):
    form = SurveyForm
    inlines = (Questions,)
    list_display = (
        "title",
        "key",
        look.column("Responses", lambda survey: look.points(survey.outcome.responses)),
        look.column("Score", lambda survey: score(survey.outcome.score)),
        STATE,
        look.moment_of("created_at", "Written"),
    )
    when_empty = "A survey asks people what they think: a recommendation, their satisfaction, a choice, a text."
    ordering = ("-created_at",)
    sortable_by = ()
    fields = ("title", "description", "repeatable", "key")
    actions_detail = ("archive", "reopen")

    def get_readonly_fields(self, request: HttpRequest, obj: Survey | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business")

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        if rows:
            found = results.outcomes(business=rows[0].business, surveys=rows)
            for row in rows:
                row.outcome = found[row.pk]

    def save_model(self, request: HttpRequest, obj: Survey, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        now = clock.now(obj.business)
        times = {"updated_at": now} if change else {"created_at": now, "updated_at": now}
        Survey.objects.for_business(obj.business).filter(pk=obj.pk).update(**times)

    def summary(self, request: HttpRequest, survey: Survey) -> Sequence[Figure]:
        outcome = _outcome(survey)
        return (
            Figure("State", STATE(survey)),
            Figure("Responses", look.points(outcome.responses)),
            Figure("Score", score(outcome.score), "of the first question that has one"),
        )

    def panels(self, request: HttpRequest, survey: Survey) -> Sequence[Panel]:
        return (_results(_outcome(survey)), _latest_words(survey))

    def offers(self, request: HttpRequest, button: str, survey: Survey) -> bool:
        return (button == "archive") == (survey.archived_at is None)

    @buttons.button("Archive", icon="archive", danger=True)
    def archive(self, request: HttpRequest, survey: Survey) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            surveys.set_archived(business=survey.business, survey_id=survey.pk, archived=True)
            return "Archived."

        text = "It takes no more answers, and keeps those that it has. You can open it again."
        title = f"Archive {survey}?"
        return buttons.ask(self, request, survey, title=title, text=text, submit="Archive it", danger=True, act=act)

    @buttons.button("Open again", icon="unarchive")
    def reopen(self, request: HttpRequest, survey: Survey) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            surveys.set_archived(business=survey.business, survey_id=survey.pk, archived=False)
            return "Open again."

        return buttons.ask(self, request, survey, title=f"Open {survey} again?", submit="Open it", act=act)


def score(number: int | None) -> str:
    return look.NOTHING if number is None else f"{number}".replace("-", "−")


def _outcome(survey: Survey) -> Outcome:
    return results.outcomes(business=survey.business, surveys=[survey])[survey.pk]


def _results(outcome: Outcome) -> Panel:
    rows = [
        [
            question.text,
            kind_of(question.kind).TITLE,
            look.points(result.answers),
            score(result.score),
            ", ".join(f"{code}: {look.points(number)}" for code, number in result.counts.items()) or look.NOTHING,
        ]
        for question, result in outcome.questions
    ]
    headers = ("Question", "Kind", "Answers", "Score", "How often each")
    return Panel("Results", headers, rows, empty="Nothing is asked yet.")


def _latest_words(survey: Survey) -> Panel:
    questions = Question.objects.for_business(survey.business).filter(survey=survey)
    written = Answer.objects.for_business(survey.business).filter(question__in=questions).exclude(text="")
    latest = written.select_related("question", "response__advocate").order_by("-pk")[:SHOWN]
    rows = [
        [
            look.moment(answer.response.created_at),
            look.link(answer.response.advocate, links.url_of(answer.response.advocate)),
            answer.question.text,
            answer.text,
        ]
        for answer in latest
    ]
    return Panel(
        "Latest words", ("When", "Advocate", "Question", "Answer"), rows, empty="Nobody has written anything."
    )
