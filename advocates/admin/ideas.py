"""Ideas in the dashboard: what people wish for, and what the business says to it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold import widgets

from advocates.admin.voices import WHEN, WHOSE, OfAdvocate, decider, history, short, state
from advocates.models import Idea, IdeaDecision
from advocates.services import ideas
from loyalty.admin import buttons, links, look
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import When
from loyalty.admin.panels import Figure, Panel

Status = Idea.Status
COLOURS: Mapping[str, str] = {
    Status.OPEN: "info",
    Status.PLANNED: "warning",
    Status.IN_PROGRESS: "warning",
    Status.SHIPPED: "success",
    Status.DECLINED: "danger",
}
TITLE = look.column("Title", lambda row: short(row.title) or look.NOTHING)
BOARD = look.column("Board", lambda row: look.link(row.board, links.url_of(row.board)))
VOTES = look.column("Votes", lambda row: look.points(row.votes), order="votes")
STATE = look.column("State", lambda row: state(row, COLOURS))
MORE = (
    look.column("Title", lambda row: row.title or look.NOTHING),
    look.column("Text", lambda row: row.body or look.NOTHING),
    look.column("Your answer", lambda row: row.response or look.NOTHING),
    WHEN,
    look.moment_of("updated_at", "Last change"),
    look.column("Id", lambda row: look.code(row.pk)),
)


class DecisionForm(forms.Form):
    status = forms.ChoiceField(choices=Status.choices, widget=widgets.UnfoldAdminRadioSelectWidget)
    response = forms.CharField(
        label="Your answer",
        required=False,
        max_length=5000,
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="Everybody can read it beside the idea.",
    )


@admin.register(Idea)
class IdeaAdmin(ReadOnlyAdmin):
    list_display = (WHEN, WHOSE, TITLE, BOARD, VOTES, STATE)
    list_filter = (OfAdvocate, "board", "status", ("created_at", When))
    ordering = ("-created_at",)
    sortable_by = ()
    shown = ((None, (WHOSE, BOARD, *MORE)),)
    when_empty = "People submit ideas through your shop, by API."
    actions_detail = ("decide",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "advocate", "board")

    def summary(self, request: HttpRequest, idea: Idea) -> Sequence[Figure]:
        return (
            Figure("State", STATE(idea)),
            Figure("Votes", look.points(idea.votes)),
            Figure("Lately", look.points(idea.recent_votes), "votes within the last 7 days"),
        )

    def panels(self, request: HttpRequest, idea: Idea) -> Sequence[Panel]:
        decisions = IdeaDecision.objects.for_business(idea.business).filter(idea=idea)
        return (history(decisions.order_by("-at"), text="response"),)

    @buttons.button("Answer", icon="forum")
    def decide(self, request: HttpRequest, idea: Idea) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            ideas.decide(
                business=idea.business,
                idea_id=idea.pk,
                status=answer["status"],
                response=answer["response"],
                by=decider(request),
            )
            return f"{Status(answer['status']).label}."

        return buttons.ask(
            self,
            request,
            idea,
            title="What becomes of this idea?",
            text="Its author and everybody who voted for it hear of a new state through your webhooks.",
            submit="Say so",
            form=partial(DecisionForm, initial={"status": idea.status, "response": idea.response}),
            act=act,
        )
