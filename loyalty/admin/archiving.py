"""What goes out of use in the dashboard, and can be fetched back: two buttons, for what a programme declares."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from loyalty.admin import buttons
from loyalty.services import archiving


class Archivable:
    """For admins of rows that have `archived_at`. `archived_text` says what that means to people."""

    actions_detail = ("archive", "restore")
    archived_text = "It keeps its history: you can fetch it back."

    def offers(self, request: HttpRequest, button: str, row: Any) -> bool:
        return (button == "archive") == (row.archived_at is None)

    def put_away(self, row: Any, *, archived: bool) -> None:
        """:raises DomainError: if it cannot be now"""
        archiving.set_archived(row, archived=archived)

    @buttons.button("Archive", icon="archive", danger=True)
    def archive(self, request: HttpRequest, row: Any) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            self.put_away(row, archived=True)
            return "Archived."

        title, text = f"Archive {row}?", self.archived_text
        return buttons.ask(self, request, row, title=title, text=text, submit="Archive it", danger=True, act=act)

    @buttons.button("Fetch back", icon="unarchive")
    def restore(self, request: HttpRequest, row: Any) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            self.put_away(row, archived=False)
            return "In use again."

        return buttons.ask(self, request, row, title=f"Fetch {row} back?", submit="Fetch it back", act=act)
