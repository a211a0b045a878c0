"""Testimonials in the dashboard: a queue of those that wait, to approve and to reject."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold import widgets

from advocates.admin.voices import WHEN, WHOSE, OfAdvocate, decider, history, short, state
from advocates.models import Advocate, Testimonial, TestimonialDecision
from advocates.services import testimonials
from loyalty.admin import buttons, links, look, panels, seats
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import When
from loyalty.admin.panels import Panel
from loyalty.kernel.errors import DomainError

Status = Testimonial.Status
COLOURS: Mapping[str, str] = {Status.APPROVED: "success", Status.PENDING: "warning", Status.REJECTED: "danger"}
REACHED_BY = {"approve": Status.APPROVED, "reject": Status.REJECTED, "withdraw": Status.WITHDRAWN}
SHOWN = 5  # on a person's page

RATING = look.column("Rating", lambda row: stars(row.rating))
TITLE = look.column("Title", lambda row: short(row.title or row.body) or look.NOTHING)
CONSENT = look.column("Consent", lambda row: look.state("Given", "success") if row.consent else look.state("None"))
STATE = look.column("State", lambda row: state(row, COLOURS))
MORE = (
    look.column("Title", lambda row: row.title or look.NOTHING),
    look.column("Text", lambda row: row.body or look.NOTHING),
    look.column("Links", lambda row: "\n".join(row.media) or look.NOTHING),
    look.column("From", lambda row: row.source or look.NOTHING),
    look.moment_of("consent_at", "Consented"),
    look.column("Reason", lambda row: row.reason or look.NOTHING),
    look.moment_of("updated_at", "Last change"),
    look.column("Id", lambda row: look.code(row.pk)),
)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="It is kept in the history; your shop reads it by API.",
    )


class ChosenForm(ReasonForm):
    """A reason for all chosen rows; it carries the choice on."""

    action = forms.CharField(widget=forms.HiddenInput)
    select_across = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, chosen: Sequence[str]) -> None:
        super().__init__(data)
        self.fields[ACTION_CHECKBOX_NAME] = forms.MultipleChoiceField(
            widget=forms.MultipleHiddenInput, choices=[(pk, pk) for pk in chosen]
        )


class Queue(SimpleListFilter):
    """By state; what waits comes first, without being asked for."""

    title = "state"
    parameter_name = "status"
    EVERY = "every"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*Status.choices, (self.EVERY, "All")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.wanted() == value, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.wanted() == self.EVERY else queryset.filter(status=self.wanted())

    def wanted(self) -> str:
        return self.value() or Status.PENDING


@admin.register(Testimonial)
class TestimonialAdmin(ReadOnlyAdmin):
    list_display = (WHEN, WHOSE, RATING, TITLE, CONSENT, STATE)
    list_filter = (OfAdvocate, Queue, "rating", ("created_at", When))
    ordering = ("-created_at",)
    sortable_by = ()
    shown = ((None, (WHOSE, RATING, *MORE[:3], STATE, CONSENT, WHEN, *MORE[3:])),)
    when_empty = "Nothing waits. What people submit comes here first."
    actions = ("approve_chosen", "reject_chosen")
    actions_detail = ("approve", "reject", buttons.more("withdraw"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "advocate")

    def panels(self, request: HttpRequest, testimonial: Testimonial) -> Sequence[Panel]:
        decisions = TestimonialDecision.objects.for_business(testimonial.business).filter(testimonial=testimonial)
        return (history(decisions.order_by("-at"), text="reason"),)

    def offers(self, request: HttpRequest, button: str, testimonial: Testimonial) -> bool:
        if button == "approve" and not testimonial.consent:
            return False
        return testimonial.may_become(REACHED_BY[button])

    @buttons.button("Approve", icon="check")
    def approve(self, request: HttpRequest, testimonial: Testimonial) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            _decide(request, testimonial, Status.APPROVED)
            return "Approved: it may be shown."

        return buttons.ask(self, request, testimonial, title="Approve this testimonial?", submit="Approve it", act=act)

    @buttons.button("Reject", icon="close", danger=True)
    def reject(self, request: HttpRequest, testimonial: Testimonial) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            _decide(request, testimonial, Status.REJECTED, answer["reason"])
            return "Rejected."

        return buttons.ask(
            self,
            request,
            testimonial,
            title="Reject this testimonial?",
            submit="Reject it",
            form=ReasonForm,
            danger=True,
            act=act,
        )

    @buttons.button("Withdraw", icon="undo", danger=True)
    def withdraw(self, request: HttpRequest, testimonial: Testimonial) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            _decide(request, testimonial, Status.WITHDRAWN, answer["reason"])
            return "Withdrawn, for good."

        return buttons.ask(
            self,
            request,
            testimonial,
            title="Withdraw this testimonial?",
            text="Do so when its author asks for it. It cannot be undone: they would have to submit it again.",
            submit="Withdraw it",
            form=ReasonForm,
            danger=True,
            act=act,
        )

    @admin.action(description="Approve the chosen testimonials", permissions=["act"])
    def approve_chosen(self, request: HttpRequest, queryset: QuerySet[Testimonial]) -> None:
        self._decide_chosen(request, queryset, Status.APPROVED)

    @admin.action(description="Reject the chosen testimonials", permissions=["act"])
    def reject_chosen(self, request: HttpRequest, queryset: QuerySet[Testimonial]) -> HttpResponse | None:
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        form = ChosenForm(request.POST if "reason" in request.POST else None, chosen=chosen)
        if form.is_valid():
            self._decide_chosen(request, queryset, Status.REJECTED, form.cleaned_data["reason"])
            return None
        form.initial = {**request.POST.dict(), ACTION_CHECKBOX_NAME: chosen}
        context = {
            **self.admin_site.each_context(request),
            "title": f"Reject {queryset.count()} testimonials?",
            "submit_label": "Reject them",
            "danger": True,
            "form": form,
            "media": self.media,
            "opts": self.opts,
            "back_url": links.list_url(Testimonial),
            "acting_for": seats.business_of(request),
        }
        return TemplateResponse(request, "admin/ask.html", context)

    def _decide_chosen(
        self, request: HttpRequest, queryset: QuerySet[Testimonial], status: str, reason: str = ""
    ) -> None:
        chosen = list(queryset)
        done = sum(self._decide_one(request, row, status, reason) for row in chosen)
        messages.success(request, f"{done} {Status(status).label.lower()}.")
        if done < len(chosen):
            messages.warning(
                request, f"{len(chosen) - done} stay as they are: no consent, or not in a state for this."
            )

    def _decide_one(self, request: HttpRequest, row: Testimonial, status: str, reason: str) -> bool:
        try:
            _decide(request, row, status, reason)
        except DomainError:
            return False
        self.log_change(request, row, f"{Status(status).label}.")
        return True


def stars(rating: int) -> str:
    return "★" * rating + "☆" * (5 - rating)


def said_by(request: HttpRequest, advocate: Advocate) -> Panel:
    """A person's latest testimonials, on their page."""
    rows = Testimonial.objects.for_business(advocate.business).filter(advocate=advocate)
    return panels.table(
        "Latest testimonials",
        (look.column("When", lambda row: look.link(WHEN(row), links.url_of(row))), RATING, TITLE, STATE),
        rows.order_by("-created_at", "-id")[:SHOWN],
        empty="Nothing said yet.",
        more_url=links.list_url(Testimonial, advocate=advocate.pk, status=Queue.EVERY),
    )


def _decide(request: HttpRequest, testimonial: Testimonial, status: str, reason: str = "") -> None:
    testimonials.decide(
        business=testimonial.business,
        testimonial_id=testimonial.pk,
        status=status,
        reason=reason,
        by=decider(request),
    )


panels.add("advocates.Advocate", said_by)
