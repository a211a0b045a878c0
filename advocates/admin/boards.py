"""Feedback boards in the dashboard."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold import widgets

from advocates.models import Board, Idea
from advocates.services import boards
from loyalty.admin import buttons, links, look
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ServiceForm
from loyalty.admin.panels import Figure

IDEAS = look.column("Ideas", lambda board: look.points(board.idea_count))
STATE = look.column(
    "State", lambda board: look.state("Archived") if board.archived_at else look.state("Open", "success")
)


class BoardForm(ServiceForm):
    class Meta:
        model = Board
        fields = ("title", "description", "key")
        widgets = {"description": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 3})}
        help_texts = {"key": "Its name for the API. Left empty, it is made from the title. It stays as it is."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "key" in self.fields:
            self.fields["key"].required = False

    def write(self) -> Board:
        given = {"title": self.cleaned_data["title"], "description": self.cleaned_data["description"]}
        if self.instance._state.adding:
            return boards.create(business=self.business, key=self.cleaned_data.get("key"), **given)
        return boards.update(business=self.business, board_id=self.instance.pk, **given)


@admin.register(Board)
class BoardAdmin(ServiceAdmin):
    form = BoardForm
    list_display = ("title", "key", IDEAS, STATE, look.moment_of("created_at", "Opened"))
    view_fields = ("title", "description", "key", STATE)
    when_empty = "A board collects what people wish for, and lets them vote."
    ordering = ("-created_at",)
    sortable_by = ()
    fields = ("title", "description", "key")
    actions_detail = ("archive", "reopen")

    def get_readonly_fields(self, request: HttpRequest, obj: Board | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business")

    def summary(self, request: HttpRequest, board: Board) -> Sequence[Figure]:
        ideas = look.link(look.points(board.idea_count), links.list_url(Idea, board__id__exact=board.pk))
        return (Figure("State", STATE(board)), Figure("Ideas", ideas))

    def offers(self, request: HttpRequest, button: str, board: Board) -> bool:
        return (button == "archive") == (board.archived_at is None)

    @buttons.button("Archive", icon="archive", danger=True)
    def archive(self, request: HttpRequest, board: Board) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            boards.set_archived(business=board.business, board_id=board.pk, archived=True)
            return "Archived."

        text = "It takes no more ideas and votes. Nothing is lost: you can open it again."
        title = f"Archive {board}?"
        return buttons.ask(self, request, board, title=title, text=text, submit="Archive it", danger=True, act=act)

    @buttons.button("Open again", icon="unarchive")
    def reopen(self, request: HttpRequest, board: Board) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            boards.set_archived(business=board.business, board_id=board.pk, archived=False)
            return "Open again."

        return buttons.ask(self, request, board, title=f"Open {board} again?", submit="Open it", act=act)
