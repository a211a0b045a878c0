"""Files of gift cards: uploaded, checked row by row, and sent by a button."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold import widgets

from loyalty.admin import buttons, links, look
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ServiceForm
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel.money import money_text
from rewards.admin.gift_orders import state as order_state
from rewards.models import GiftCard, GiftOrder, GiftUpload
from rewards.services import gift_funds, gift_orders, gift_uploads

MOST_BYTES = 20_000_000
MOST_SHOWN = 200  # problems
RELOAD_SECONDS = 3
GOING_ON = (GiftOrder.Status.PENDING, GiftOrder.Status.PROCESSING)
TYPES = {
    GiftOrder.Type.DIGITAL: "By e-mail or text message",
    GiftOrder.Type.LINKS: "As links",
    GiftOrder.Type.PHYSICAL: "By post",
}


class UploadForm(ServiceForm):
    file = forms.FileField(
        label="CSV file",
        widget=widgets.UnfoldAdminFileFieldWidget,
        help_text="In UTF-8, one row for each recipient, up to 10,000 cards. Nothing is sent before you say so.",
    )
    type = forms.ChoiceField(label="How they go", choices=list(TYPES.items()), widget=widgets.UnfoldAdminSelectWidget)

    class Meta:
        model = GiftUpload
        fields = ("po_number",)
        labels = {"po_number": "PO number"}
        help_texts = {"po_number": "Your own number of this file. It can be sent once."}

    renamed = {"ponumber": "po_number"}

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError("The file is larger than 20 MB. Split it.")
        return file

    def write(self) -> GiftUpload:
        given = self.cleaned_data
        return gift_uploads.receive(
            business=self.business,
            po_number=given["po_number"],
            type=given["type"],
            lines=io.TextIOWrapper(given["file"], encoding="utf-8", newline=""),
            title=given["file"].name,
            author="Dashboard",
        )


def total(upload: GiftUpload) -> str:
    return f"{money_text(upload.total_minor, upload.currency)} {upload.currency}"


def state(upload: GiftUpload) -> object:
    if upload.order is not None:
        return order_state(upload.order)
    return look.state("Wrong", "danger") if upload.problems else look.state("Checked", "primary")


def progress(upload: GiftUpload) -> str:
    """How many cards have gone their way."""
    cards = GiftCard.objects.for_business(upload.business).filter(order=upload.order_id)
    done = cards.exclude(status__in=gift_orders.WAITING).count()
    bar = '{} of {} <progress class="lr-progress" max="{}" value="{}" aria-label="Cards"></progress>'
    return format_html(bar, look.points(done), look.points(upload.cards), upload.cards, done)


COLUMNS = (
    look.column("File", lambda upload: upload.title),
    look.column("PO number", lambda upload: look.code(upload.po_number)),
    look.column("Type", lambda upload: TYPES[GiftOrder.Type(upload.type)]),
    look.column("Cards", lambda upload: look.points(upload.cards)),
    look.column("Total", total),
    look.column("State", state),
    look.moment_of("created_at", "Uploaded"),
)
ORDER = look.column(
    "Order",
    lambda upload: look.link(upload.order.po_number, links.url_of(upload.order)) if upload.order else look.NOTHING,
)
PROBLEM = ("Line", "Column", "What is wrong")


@admin.register(GiftUpload)
class GiftUploadAdmin(ServiceAdmin):
    form = UploadForm
    may_change = False
    list_display = COLUMNS
    ordering = ("-created_at", "-id")
    sortable_by = ()
    search_fields = ("po_number", "title")
    when_empty = "A CSV file sends many gift cards at once. Every row is checked before anything is sent."
    actions_detail = ("send",)

    def get_fieldsets(self, request: HttpRequest, obj: GiftUpload | None = None) -> Any:
        return [(None, {"fields": (*COLUMNS, ORDER) if obj else ("po_number", "type", "file")})]

    def get_readonly_fields(self, request: HttpRequest, obj: GiftUpload | None = None) -> Any:
        return self.get_fieldsets(request, obj)[0][1]["fields"] if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "order")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """A page of something that goes on loads itself again."""
        answer: Any = super().render_change_form(request, context, *args, **kwargs)
        if (upload := kwargs.get("obj")) and upload.order and upload.order.status in GOING_ON:
            answer["Refresh"] = str(RELOAD_SECONDS)
        return answer

    def summary(self, request: HttpRequest, upload: GiftUpload) -> Sequence[Figure]:
        funds = gift_funds.funds_of(upload.business)
        sent = [Figure("Gone", progress(upload))] if upload.order else []
        left = f"of {money_text(funds.available_minor, funds.currency)} in the deposit"
        return (
            *sent,
            Figure("Rows", look.points(upload.size)),
            Figure("Cards", look.points(upload.cards)),
            Figure("Total", total(upload), "" if sent else left),
            Figure("Wrong", look.points(len(upload.problems)), "see below" if upload.problems else "nothing"),
        )

    def panels(self, request: HttpRequest, upload: GiftUpload) -> Sequence[Panel]:
        shown = upload.problems[:MOST_SHOWN]
        rows = [[each["line"], each["column"] or look.NOTHING, each["message"]] for each in shown]
        more = f"Wrong lines (the first {MOST_SHOWN})" if len(upload.problems) > MOST_SHOWN else "Wrong lines"
        return [Panel(more, PROBLEM, rows, empty="Every line is right.")]

    def offers(self, request: HttpRequest, button: str, upload: GiftUpload) -> bool:
        return upload.order is None and not upload.problems

    @buttons.button("Send", icon="send")
    def send(self, request: HttpRequest, upload: GiftUpload) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            gift_uploads.send(business=upload.business, upload_id=upload.pk)
            return "They are on their way."

        title = f"Send {upload.title}?"
        text = f"{upload.cards:,} cards for {total(upload)}, which the deposit pays at once."
        return buttons.ask(self, request, upload, title=title, text=text, submit="Send them", act=act)
