"""What people handed in as proof: a queue to approve or reject, the oldest first."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import truncatechars
from django.utils.html import format_html
from unfold import widgets

from loyalty.admin import buttons, links, look, people
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import OfPerson, When
from loyalty.kernel.errors import DomainError
from loyalty.models import Submission
from loyalty.services import proof_files, proofs

Status = Submission.Status
COLOURS = {Status.PENDING: "warning", Status.APPROVED: "success", Status.REJECTED: "danger"}


class RejectForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="The advocate reads it, and may hand in something better.",
    )


def address(submission: Submission) -> object:
    """The link that they gave, which leads anywhere: it learns nothing of this page."""
    if not submission.link:
        return look.NOTHING
    return format_html(
        '<a href="{0}" class="text-link lr-long" target="_blank" rel="noopener noreferrer nofollow">{0}</a>',
        submission.link,
    )


def file_of(submission: Submission) -> str:
    row = getattr(submission, "file", None)
    return f"{row.get_kind_display()}, {row.size:,} bytes" if row else look.NOTHING


WHEN = look.moment_of("created_at", "Handed in")
WHOSE = look.column("Advocate", lambda row: look.person(row.person))
STATE = look.column("State", lambda row: look.state(row.get_status_display(), COLOURS.get(Status(row.status), "")))
WHAT = (
    look.column("Quest", lambda row: look.link(row.quest.title, links.url_of(row.quest))),
    look.column("Task", lambda row: row.task.title),
)
CONTENT = (
    look.column("Text", lambda row: look.prose(row.text)),
    look.column("Link", address),
    look.column("File", file_of),
)
DECISION = (
    look.column("Reason", lambda row: look.prose(row.reason)),
    look.moment_of("decided_at", "Decided"),
    look.column("Period", lambda row: row.period or look.NOTHING),
)


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    list_display = (
        WHEN,
        WHOSE,
        *WHAT,
        look.column("Proof", lambda row: truncatechars(row.text or row.link, 80) or file_of(row)),
        STATE,
    )
    list_select_related = ("quest", "task")
    list_filter = (OfPerson, "status", "quest", ("created_at", When))
    ordering = (F("decided_at").desc(nulls_first=True), "created_at")
    sortable_by = ()
    when_empty = "What people hand in for tasks of type proof waits here for your word."
    shown = ((None, (WHOSE, *WHAT, *CONTENT, WHEN, STATE)), ("Decision", DECISION))
    actions = ("approve_chosen",)
    actions_detail = ("approve", "reject", "download")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("business", "quest", "task", "file")
        return rows.defer("file__content_sealed")

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        found = people.of(request, {row.account_id for row in rows})
        for row in rows:
            row.person = found.get(row.account_id)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self.prepare([row], request)
        return row

    def offers(self, request: HttpRequest, button: str, submission: Submission) -> bool:
        return hasattr(submission, "file") if button == "download" else submission.status == Status.PENDING

    @buttons.button("Approve", icon="check")
    def approve(self, request: HttpRequest, submission: Submission) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            outcome = proofs.approve(business=submission.business, submission_id=submission.pk)
            return f"Approved: {outcome.points:,} points were given."

        return buttons.ask(
            self,
            request,
            submission,
            title="Approve this proof?",
            text="The task is done then, and what it gives is given at once.",
            submit="Approve it",
            act=act,
        )

    @buttons.button("Reject", icon="close", danger=True)
    def reject(self, request: HttpRequest, submission: Submission) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            proofs.reject(business=submission.business, submission_id=submission.pk, reason=answer["reason"])
            return "Rejected. They may hand in something else."

        return buttons.ask(
            self,
            request,
            submission,
            title="Reject this proof?",
            submit="Reject it",
            form=RejectForm,
            danger=True,
            act=act,
        )

    @buttons.button("Download the file", icon="download")
    def download(self, request: HttpRequest, submission: Submission) -> HttpResponse:
        """As a file and never as a page: a stranger made it."""
        row = submission.file
        response = HttpResponse(proof_files.read(row), content_type=row.kind)
        response["Content-Disposition"] = f'attachment; filename="proof-{row.pk}.{row.kind.partition("/")[2]}"'
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response

    @admin.action(description="Approve the chosen proofs", permissions=["act"])
    def approve_chosen(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        approved = 0
        for submission in queryset.filter(status=Status.PENDING):
            try:
                proofs.approve(business=submission.business, submission_id=submission.pk)
            except DomainError as error:
                messages.error(request, f"{submission.task}: {error.message}")
                continue
            self.log_change(request, submission, "Approved.")
            approved += 1
        messages.success(request, f"{approved} approved.")
