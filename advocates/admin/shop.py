"""What a shop sells, and what people bought, in the dashboard: as its system tells of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from advocates.admin.voices import WHOSE, OfAdvocate, short, state
from advocates.models import Collection, CollectionProduct, Order, OrderLine, Product, Refund
from advocates.selectors import orders as reads
from loyalty.admin import look, panels
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import When
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel.money import money_text

COLOURS: Mapping[str, str] = {
    Order.Status.PAID: "success",
    Order.Status.PARTIALLY_PAID: "info",
    Order.Status.PARTIALLY_REFUNDED: "warning",
    Order.Status.REFUNDED: "danger",
    Order.Status.VOIDED: "danger",
    Product.Status.ACTIVE: "success",
}
FLAGS = {
    "lines_do_not_add_up": "Its lines do not add up to its subtotal.",
    "totals_do_not_add_up": "Its total is not what its parts come to.",
    "edited_after_points": "It was changed after it had earned. The points are for what it was.",
}
MOST = 100  # rows of a table on a page


def amount(minor: int | None, currency: str) -> str:
    return look.NOTHING if minor is None else f"{money_text(minor, currency)}\u00a0{currency}"


STATE = look.column("State", lambda row: state(row, COLOURS))
TOTAL = look.column("Total", lambda order: amount(order.total_minor, order.currency))
POINTS = look.column("Points", lambda order: look.points(order.points_earned))
PLACED = look.moment_of("placed_at", "When")
MORE = (
    look.column("Number", lambda order: order.number or look.NOTHING),
    look.column("Discount codes", lambda order: ", ".join(order.discount_codes) or look.NOTHING),
    look.column("To look at", lambda order: " ".join(FLAGS.get(flag, flag) for flag in order.flags) or look.NOTHING),
    PLACED,
    look.moment_of("qualified_at", "Qualified"),
    look.moment_of("updated_at", "Last change"),
    look.column("Id", lambda row: look.code(row.external_id)),
)
RULES = ("Rule", "Points", "Why not more")
LINE = (
    look.column("Product", lambda line: look.code(line.product_id or line.sku or line.external_id)),
    look.column("Pieces", lambda line: look.points(line.quantity)),
    look.column("Sent back", lambda line: look.points(line.refunded_quantity)),
    look.column("Paid", lambda line: amount(line.amount_minor, line.order.currency)),
)
REFUND = (
    look.moment_of("created_at", "When"),
    look.column("Refund", lambda refund: look.code(refund.external_id)),
    look.column("Amount", lambda refund: amount(refund.amount_minor, refund.order.currency)),
)
ENTRY = (
    look.moment_of("occurred_at", "When"),
    look.column("What", lambda entry: entry.get_type_display()),
    look.column("Points", lambda entry: look.change(entry.amount)),
)


def said(order: Order) -> Panel:
    """What each rule said when the order qualified."""
    rows = [
        [rule["title"], look.points(rule["points"]), rule["reason"] or ", ".join(rule["caps"]) or look.NOTHING]
        for rule in order.earned
    ]
    return Panel("What the rules said", RULES, rows, empty="It has not earned anything yet.")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = (
        PLACED,
        look.column("Order", lambda order: short(str(order))),
        WHOSE,
        TOTAL,
        POINTS,
        STATE,
        look.column("Note", lambda order: look.state("To look at", "warning") if order.flags else look.NOTHING),
    )
    list_filter = (OfAdvocate, "status", ("placed_at", When))
    search_fields = ("external_id", "number")
    ordering = ("-placed_at",)
    sortable_by = ()
    shown = ((None, (WHOSE, *MORE)),)
    when_empty = "Your shop's system tells of orders, by API."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "advocate")

    def summary(self, request: HttpRequest, order: Order) -> Sequence[Figure]:
        return (
            Figure("State", STATE(order)),
            Figure("Total", TOTAL(order), f"{amount(order.refunded_minor, order.currency)} refunded"),
            Figure("Points", POINTS(order), "earned when it qualified"),
        )

    def panels(self, request: HttpRequest, order: Order) -> Sequence[Panel]:
        lines = OrderLine.objects.for_business(order.business).filter(order=order).select_related("order")
        refunds = Refund.objects.for_business(order.business).filter(order=order).select_related("order")
        entries = reads.entries_of(order)
        return (
            panels.table("Lines", LINE, lines.order_by("position")[:MOST], empty=""),
            said(order),
            panels.table("Points", ENTRY, entries, empty="No points have moved."),
            panels.table("Refunds", REFUND, refunds.order_by("created_at")[:MOST], empty="Nothing was refunded."),
        )


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    list_display = (
        look.column("Title", lambda product: short(product.title)),
        look.column("Price", lambda product: amount(product.price_minor, product.currency)),
        look.column("Id", lambda product: look.code(product.external_id)),
        STATE,
    )
    list_filter = ("status",)
    search_fields = ("title", "external_id")
    ordering = ("-created_at",)
    sortable_by = ()
    shown = (
        (
            None,
            (
                look.column("Title", lambda product: product.title),
                look.column("Handle", lambda product: product.handle or look.NOTHING),
                look.column("Variants", lambda product: look.pretty(product.variants)),
                look.moment_of("updated_at", "Last change"),
            ),
        ),
    )
    when_empty = "Your shop's system tells of products, by API. Rules can pay for some of them, or leave some out."

    def panels(self, request: HttpRequest, product: Product) -> Sequence[Panel]:
        rows = CollectionProduct.objects.for_business(product.business)
        inside = rows.filter(product_external_id=product.external_id).order_by("collection_external_id")[:MOST]
        name = look.column("Collection", lambda row: look.code(row.collection_external_id))
        return (panels.table("In collections", (name,), inside, empty="It is in no collection."),)


@admin.register(Collection)
class CollectionAdmin(ReadOnlyAdmin):
    list_display = (
        look.column("Title", lambda collection: short(collection.title)),
        look.column("Id", lambda collection: look.code(collection.external_id)),
        look.moment_of("updated_at", "Last change"),
    )
    search_fields = ("title", "external_id")
    ordering = ("title",)
    sortable_by = ()
    shown = ((None, (look.column("Title", lambda collection: collection.title),)),)
    when_empty = "Your shop's system tells of collections, by API."

    def panels(self, request: HttpRequest, collection: Collection) -> Sequence[Panel]:
        rows = CollectionProduct.objects.for_business(collection.business)
        inside = rows.filter(collection_external_id=collection.external_id).order_by("product_external_id")[:MOST]
        name = look.column("Product", lambda row: look.code(row.product_external_id))
        return (panels.table("Products", (name,), inside, empty="Nothing is in it."),)
