"""The deposit for gift cards: a business says what it sends, and an operator says that it has arrived."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from loyalty.admin import buttons, look, seats
from loyalty.admin.base import ServiceAdmin, is_operator
from loyalty.admin.forms import ServiceForm
from loyalty.admin.panels import Figure
from loyalty.kernel.money import money, money_text
from rewards.admin.reward_form import Money
from rewards.models import FundingRequest
from rewards.services import gift_funds

COLOURS = {"applied": "success", "pending": "warning", "refused": "danger"}


class FundingForm(ServiceForm):
    amount = Money(help_text="In the currency of your deposit.")

    class Meta:
        model = FundingRequest
        fields = ("reference",)
        help_texts = {"reference": "What stands on your transfer, so that it is found."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].required = True

    def write(self) -> FundingRequest:
        given = self.cleaned_data
        currency = gift_funds.funds_of(self.business).currency
        return gift_funds.request(
            business=self.business,
            amount_minor=money(given["amount"], currency, field="amount"),
            reference=given["reference"],
        )


def amount(row: FundingRequest) -> str:
    return f"{money_text(row.amount_minor, row.currency)} {row.currency}"


AMOUNT = look.column("Amount", amount, order="amount_minor")
STATE = look.column("State", lambda row: look.state(row.get_status_display(), COLOURS[row.status]))
REFERENCE = look.column("Reference", lambda row: row.reference or look.NOTHING)
SHOWN = (AMOUNT, STATE, REFERENCE, look.moment_of("created_at", "Asked"), look.moment_of("decided_at", "Decided"))


@admin.register(FundingRequest)
class FundingRequestAdmin(ServiceAdmin):
    viewers = editors = seats.OWNERS
    may_change = False
    form = FundingForm
    list_display = SHOWN
    list_filter = ("status",)
    when_empty = "Gift cards are paid from a deposit. Say what you send, and it can be spent once it has arrived."
    search_fields = ("reference",)
    ordering = ("-created_at",)
    actions_detail = ("apply", "refuse")

    def get_fieldsets(self, request: HttpRequest, obj: FundingRequest | None = None) -> Any:
        return ((None, {"fields": SHOWN if obj else ("amount", "reference")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: FundingRequest | None = None) -> Any:
        return SHOWN if obj else ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("business")

    def summary(self, request: HttpRequest, row: FundingRequest) -> Sequence[Figure]:
        funds = gift_funds.funds_of(row.business)
        text = f"{money_text(funds.available_minor, funds.currency)} {funds.currency}"
        return (Figure("Available", text, "for gift cards"),)

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever asks for money does not say that it is there."""
        return is_operator(request) and super().has_act_permission(request, obj)

    def offers(self, request: HttpRequest, button: str, row: FundingRequest) -> bool:
        return row.status == FundingRequest.Status.PENDING

    @buttons.button("It has arrived", icon="check")
    def apply(self, request: HttpRequest, row: FundingRequest) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            gift_funds.apply(business=row.business, request_id=row.pk)
            return f"{amount(row)} can be spent now."

        title = f"Have {amount(row)} arrived?"
        return buttons.ask(self, request, row, title=title, submit="They have", act=act)

    @buttons.button("Refuse", icon="close", danger=True)
    def refuse(self, request: HttpRequest, row: FundingRequest) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            gift_funds.refuse(business=row.business, request_id=row.pk)
            return "Refused. Nothing was added."

        title = f"Refuse {amount(row)}?"
        return buttons.ask(self, request, row, title=title, submit="Refuse it", act=act, danger=True)
