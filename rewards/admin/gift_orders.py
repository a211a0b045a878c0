"""Orders of gift cards, and their cards: to look at, to pack, to send again, and to see a code for a reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold import widgets

from loyalty.admin import buttons, links, look, panels, seats
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import When
from loyalty.admin.panels import Panel
from loyalty.kernel.money import money_text
from rewards.models import GiftCard, GiftLine, GiftMessage, GiftOrder
from rewards.services import gift_cards, gift_orders, gift_recipients, gift_shipping, recipients

COLOURS = {
    **dict.fromkeys(("Completed", "Delivered", "Viewed", "Claimed", "Sent", "Shipped"), "success"),
    **dict.fromkeys(("Pending", "Scheduled", "Processing", "PartiallyFailed"), "warning"),
    **dict.fromkeys(("Failed", "Bounced", "Cancelled"), "danger"),
}
LISTED = 50  # cards on an order's page


def state(row: GiftOrder | GiftCard) -> object:
    return look.state(row.status, COLOURS[row.status])


def total(order: GiftOrder) -> str:
    return f"{money_text(order.total_minor, order.currency)} {order.currency}"


def recipient(line: GiftLine) -> object:
    if line.erased_at:
        return look.state("Erased")
    if line.address:
        return look.prose(recipients.label(line.address))
    return line.email or line.sms or look.NOTHING


NUMBER = look.column("PO number", lambda order: look.code(order.po_number))
ORDERED = look.moment_of("created_at", "Ordered")
TYPE = look.column("Type", lambda order: order.get_type_display())
TOTAL = look.column("Total", total)
STATE = look.column("State", state)
NOTE = look.column("Note", lambda order: order.note or look.NOTHING)
COMPLETED = look.moment_of("completed_at", "Completed")


@admin.register(GiftOrder)
class GiftOrderAdmin(ReadOnlyAdmin):
    list_display = (ORDERED, NUMBER, TYPE, TOTAL, STATE)
    list_filter = ("status", "type", ("created_at", When))
    when_empty = "Orders come in through the Gift Card API."
    search_fields = ("po_number",)
    ordering = ("-created_at",)
    sortable_by = ()
    shown = ((None, (NUMBER, TYPE, TOTAL, STATE, NOTE, ORDERED, COMPLETED)),)
    actions_detail = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business")

    def panels(self, request: HttpRequest, order: GiftOrder) -> Sequence[Panel]:
        cards = GiftCard.objects.for_business(order.business).filter(order=order)
        rows = cards.select_related("order", "line__product").order_by("id")[:LISTED]
        table = panels.table("Cards", CARD_COLUMNS, rows, empty="They are still being made.")
        return (table,)

    def offers(self, request: HttpRequest, button: str, order: GiftOrder) -> bool:
        return order.status in (GiftOrder.Status.PENDING, GiftOrder.Status.PROCESSING)

    @buttons.button("Cancel", icon="undo", danger=True)
    def cancel(self, request: HttpRequest, order: GiftOrder) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            gift_orders.cancel(business=order.business, order_id=order.pk)
            return f"Cancelled: {total(order)} are back in the deposit."

        return buttons.ask(
            self,
            request,
            order,
            title=f"Cancel {order.po_number}?",
            text="As long as no card has left. Its price is back in the deposit at once.",
            submit="Cancel it",
            act=act,
            danger=True,
        )


VALUE = look.column(
    "Value", lambda card: f"{money_text(card.line.value_minor, card.order.currency)} {card.order.currency}"
)
PRODUCT = look.column("Product", lambda card: card.line.product.name)
FOR = look.column("For", lambda card: recipient(card.line))
CARD_STATE = look.column("State", state)
ORDER = look.column("Order", lambda card: look.link(card.order.po_number, links.url_of(card.order)))
CARD_COLUMNS = (
    look.column("Card", lambda card: look.link(str(card.pk)[-12:], links.url_of(card))),
    PRODUCT,
    VALUE,
    FOR,
    CARD_STATE,
)


MESSAGE_COLOURS = {"sent": "info", "delivered": "success", "bounced": "danger"}
MESSAGE_COLUMNS = (
    look.moment_of("created_at", "Sent"),
    look.column("Occasion", lambda message: message.get_occasion_display()),
    look.column("By", lambda message: message.get_channel_display()),
    look.column("State", lambda message: look.state(message.get_status_display(), MESSAGE_COLOURS[message.status])),
    look.column("Reason", lambda message: message.reason or look.NOTHING),
    look.moment_of("updated_at", "Last heard"),
)


class ToPack(SimpleListFilter):
    """What waits to be put into an envelope."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("pack", "To pack")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return gift_shipping.to_pack(queryset) if self.value() == "pack" else queryset


class ShipForm(forms.Form):
    carrier = forms.CharField(max_length=60, required=False, widget=widgets.UnfoldAdminTextInputWidget)
    tracking_number = forms.CharField(max_length=100, required=False, widget=widgets.UnfoldAdminTextInputWidget)


class RevealForm(forms.Form):
    reason = forms.CharField(
        max_length=200,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="Why you need to see the code. It stays in the card's history with your name.",
    )


@admin.register(GiftCard)
class GiftCardAdmin(ReadOnlyAdmin):
    list_display = (
        look.column("Card", lambda card: look.code(str(card.pk)[-12:])),
        PRODUCT,
        VALUE,
        FOR,
        ORDER,
        CARD_STATE,
    )
    list_filter = (ToPack, "status")
    search_fields = ("order__po_number", "line__email", "line__sms")
    search_help_text = "A PO number, an e-mail address or a phone number"
    ordering = ("-id",)
    sortable_by = ()
    shown = (
        (
            None,
            (
                PRODUCT,
                VALUE,
                FOR,
                ORDER,
                CARD_STATE,
                look.column("Failure", lambda card: card.failure or look.NOTHING),
            ),
        ),
        (
            "Its way",
            (
                look.moment_of("sent_at", "Sent"),
                look.moment_of("viewed_at", "Viewed"),
                look.moment_of("claimed_at", "Code shown"),
                look.column("Carrier", lambda card: card.carrier or look.NOTHING),
                look.column("Tracking number", lambda card: card.tracking_number or look.NOTHING),
            ),
        ),
    )
    actions_detail = ("ship", "resend", "reveal", "erase")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "order", "line__product", "line__business")

    def panels(self, request: HttpRequest, card: GiftCard) -> Sequence[Panel]:
        if card.order.type != GiftOrder.Type.DIGITAL:
            return ()
        rows = GiftMessage.objects.for_business(card.business).filter(card=card).order_by("number", "created_at")
        return (panels.table("Messages", MESSAGE_COLUMNS, rows, empty="None has left yet."),)

    def offers(self, request: HttpRequest, button: str, card: GiftCard) -> bool:
        is_posted = card.order.type == GiftOrder.Type.PHYSICAL
        match button:
            case "ship":
                return is_posted and card.status in gift_shipping.PACKABLE
            case "resend":
                is_digital = card.order.type == GiftOrder.Type.DIGITAL and not card.line.erased_at
                return is_digital and card.status in gift_cards.SENDABLE_AGAIN
            case "erase":
                return not card.line.erased_at and seats_allow(request)
        return card.status not in ("Failed", "Cancelled") and seats_allow(request)

    @buttons.button("Shipped", icon="local_shipping")
    def ship(self, request: HttpRequest, card: GiftCard) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            gift_shipping.ship(
                business=card.business,
                card_id=card.pk,
                carrier=answer["carrier"],
                tracking_number=answer["tracking_number"],
            )
            return "Shipped."

        title = "Is it on its way?"
        return buttons.ask(self, request, card, title=title, submit="It is shipped", form=ShipForm, act=act)

    @buttons.button("Send again", icon="forward_to_inbox")
    def resend(self, request: HttpRequest, card: GiftCard) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            gift_cards.resend(business=card.business, order_id=card.order_id, card_id=card.pk)
            return "It is sent once more."

        text = "To the recipient that it was ordered for, with the same link."
        return buttons.ask(self, request, card, title="Send it again?", text=text, submit="Send it", act=act)

    @buttons.button("Show the code", icon="visibility")
    def reveal(self, request: HttpRequest, card: GiftCard) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> HttpResponse:
            self.log_change(request, card, f"Looked at the code: {answer['reason']}")
            code = gift_cards.look_at_code(card)
            return buttons.show_once(
                self, request, card, title="The card's code", secret=code or "It is still to be bought."
            )

        text = "Whoever has the code can use the card. That you have seen it is kept."
        title = "Show the code?"
        return buttons.ask(self, request, card, title=title, text=text, submit="Show it", form=RevealForm, act=act)

    @buttons.button("Erase the recipient", icon="person_remove", danger=True)
    def erase(self, request: HttpRequest, card: GiftCard) -> HttpResponse:
        lines = gift_recipients.lines_of(card.line)

        def act(_: Mapping[str, Any]) -> str:
            gift_recipients.erase(business=card.business, line_ids=list(lines.values_list("pk", flat=True)))
            return "The recipient is erased: names, addresses and messages are gone."

        return buttons.ask(
            self,
            request,
            card,
            title="Erase the recipient?",
            text=f"Order lines for them: {lines.count():,}. Names, addresses and messages are cleared there, and the "
            "notes of those orders. Cards that have not left fail, and their price returns. Links work as before.",
            submit="Erase them",
            act=act,
            danger=True,
        )


def seats_allow(request: HttpRequest) -> bool:
    """Codes are for owners' eyes."""
    seat = seats.seat_of(request)
    return seat is not None and seat.is_one_of(seats.OWNERS)
