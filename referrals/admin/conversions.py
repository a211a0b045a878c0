"""Orders of friends: those that are held wait here for somebody to decide."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold import widgets

from loyalty.admin import buttons, links, look
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import OfPerson, When
from loyalty.kernel.errors import DomainError
from referrals.admin.codes import money
from referrals.events import said
from referrals.models import Conversion
from referrals.services import decisions, risk

Status = Conversion.Status
COLOURS = {Status.CONFIRMED: "success", Status.HELD: "warning", Status.REJECTED: "danger"}
OFFERED = {
    "approve": (Status.HELD, Status.REJECTED),
    "reject": (Status.HELD,),
    "reverse": (Status.CONFIRMED,),
}
Decide = Callable[..., Conversion]


class NoteForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=500,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="For you and your colleagues. It is kept here, and sent nowhere.",
    )


class OfReferrer(OfPerson):
    title = "referrer"
    parameter_name = "advocate"
    field = "referrer_id"


class Why(admin.SimpleListFilter):
    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(risk.REASONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


def friend(row: Conversion) -> object:
    if row.friend:
        return look.link(row.friend, links.url_of(row.friend))
    return row.friend_email or row.friend_external_id or "Nobody known"


WHEN = look.moment_of("created_at", "When")
FACTS = (
    look.column("Order", lambda row: row.order_id),
    look.column("Worth", lambda row: money(row.order_minor, row.currency)),
    look.column("Referrer", lambda row: look.link(row.referrer, links.url_of(row.referrer))),
    look.column("Friend", friend),
    look.column("State", lambda row: look.state(row.get_status_display(), COLOURS.get(Status(row.status), ""))),
    look.column("Reason", lambda row: risk.REASONS.get(row.reason, row.reason) or look.NOTHING),
)
MORE = (
    look.column("Code", lambda row: look.link(row.code.code, links.url_of(row.code))),
    look.column("The order named", lambda row: row.friend_email or row.friend_external_id or look.NOTHING),
    look.column("The referrer gets", lambda row: said(row.referrer_benefits) or look.NOTHING),
    look.column("The friend gets", lambda row: said(row.friend_benefits) or look.NOTHING),
    look.moment_of("due_at", "Falls due"),
    look.column("Note", lambda row: row.note or look.NOTHING),
    look.moment_of("updated_at", "Last change"),
    look.column("Id", lambda row: look.code(row.pk)),
)


@admin.register(Conversion)
class ConversionAdmin(ReadOnlyAdmin):
    list_display = (WHEN, *FACTS)
    list_select_related = ("referrer", "friend")
    list_filter = (OfReferrer, "status", Why, ("created_at", When))
    search_fields = ("order_id",)
    search_help_text = "A whole order id"
    ordering = ("-created_at",)
    sortable_by = ()
    shown = ((None, (*FACTS, WHEN)), ("More", MORE))
    actions_detail = ("approve", "reject", "reverse")
    actions = ("approve_all", "reject_all")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "code", "referrer", "friend")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        return (queryset.filter(order_id=term) if term else queryset), False

    def offers(self, request: HttpRequest, button: str, conversion: Conversion) -> bool:
        return conversion.status in OFFERED[button]

    @buttons.button("Approve", icon="check")
    def approve(self, request: HttpRequest, conversion: Conversion) -> HttpResponse:
        text = "Both sides get what was promised when the order came."
        return self._ask(request, conversion, "Approve", text, decisions.approve, "Approved, and paid.")

    @buttons.button("Reject", icon="block", danger=True)
    def reject(self, request: HttpRequest, conversion: Conversion) -> HttpResponse:
        text = "Nobody is paid. It stays in the list, and you may still approve it later."
        return self._ask(request, conversion, "Reject", text, decisions.reject, "Rejected.")

    @buttons.button("Reverse", icon="undo", danger=True)
    def reverse(self, request: HttpRequest, conversion: Conversion) -> HttpResponse:
        text = "Both sides give back what they got, as when the order is returned. This cannot be undone."
        return self._ask(request, conversion, "Reverse", text, decisions.reverse, "Reversed: all of it is back.")

    @admin.action(description="Approve the chosen conversions", permissions=["act"])
    def approve_all(self, request: HttpRequest, queryset: QuerySet[Conversion]) -> None:
        self._each(request, queryset.filter(status=Status.HELD), decisions.approve, "Approved, and paid.")

    @admin.action(description="Reject the chosen conversions", permissions=["act"])
    def reject_all(self, request: HttpRequest, queryset: QuerySet[Conversion]) -> None:
        self._each(request, queryset.filter(status=Status.HELD), decisions.reject, "Rejected.")

    def _ask(  # noqa: PLR0917  # what the question says, in reading order
        self, request: HttpRequest, conversion: Conversion, verb: str, text: str, decide: Decide, done: str
    ) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            decide(business=conversion.business, conversion_id=conversion.pk, note=answer["reason"])
            return done

        return buttons.ask(
            self,
            request,
            conversion,
            title=f"{verb} order {conversion.order_id}?",
            text=text,
            submit=f"{verb} it",
            form=NoteForm,
            danger=verb != "Approve",
            act=act,
        )

    def _each(self, request: HttpRequest, chosen: QuerySet[Conversion], decide: Decide, done: str) -> None:
        """One by one, so that one that cannot be paid keeps no other from it."""
        count = 0
        for conversion in chosen:
            try:
                with transaction.atomic():
                    decide(business=conversion.business, conversion_id=conversion.pk)
            except DomainError as error:
                messages.error(request, f"Order {conversion.order_id}: {error.message}")
            else:
                self.log_change(request, conversion, done)
                count += 1
        messages.success(request, f"{count}: {done}")
