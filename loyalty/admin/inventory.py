"""What there is to collect, and what came and went: sets and items to write, changes to look at."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold import widgets

from loyalty.admin import links, look, panels, people, scope
from loyalty.admin.archiving import Archivable
from loyalty.admin.base import ReadOnlyAdmin, ServiceAdmin
from loyalty.admin.filters import OfPerson, When
from loyalty.admin.forms import ServiceForm, spelled
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel import points
from loyalty.models import Holding, HoldingChange, InventoryItem, InventorySet
from loyalty.services import inventory_sets

KEY_HELP = "Its name for the API and for quests. Left empty, it is made from the title. It stays as it is."
MOST_ITEMS = 200  # on a set's page
Outcome = HoldingChange.Outcome
COLOURS = {Outcome.RECEIVED: "success", Outcome.LOST: "info", Outcome.OUT_OF_STOCK: "danger"}


class KeyedForm(ServiceForm):
    """A form that makes keys of titles."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "key" in self.fields:
            self.fields["key"].required = False

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        return spelled(key) if key else key


class SetForm(KeyedForm):
    class Meta:
        model = InventorySet
        fields = ("title", "key")
        help_texts = {"title": "As people read it: “Badges”, “Stickers”.", "key": KEY_HELP}

    def write(self) -> InventorySet:
        title = self.cleaned_data["title"]
        if self.instance._state.adding:
            return inventory_sets.create_set(business=self.business, title=title, key=self.cleaned_data.get("key"))
        return inventory_sets.rename_set(business=self.business, set_id=self.instance.pk, title=title)


class ItemForm(KeyedForm):
    stock = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=points.MAX_MOVE,
        widget=widgets.UnfoldAdminIntegerFieldWidget,
        help_text="How many there are in all, those that people have included. Empty: no bound.",
    )

    class Meta:
        model = InventoryItem
        fields = ("set", "title", "key", "media", "stackable")
        labels = {"media": "Picture", "stackable": "It stacks"}
        help_texts = {
            "key": KEY_HELP,
            "media": "The address of a picture, or whatever your app makes of it.",
            "stackable": "People can have it any number of times. Otherwise they have it once.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial = {**self.initial, "stock": self.instance.stock}

    def write(self) -> InventoryItem:
        given = {name: self.cleaned_data[name] for name in ("title", "media", "stackable", "stock")}
        if self.instance._state.adding:
            chosen, key = self.cleaned_data["set"], self.cleaned_data.get("key")
            return inventory_sets.create_item(business=self.business, set_id=chosen.pk, key=key, **given)
        return inventory_sets.update_item(business=self.business, item_id=self.instance.pk, **given)


def state(row: InventorySet | InventoryItem) -> object:
    return look.state("Archived") if row.archived_at else look.state("In use", "success")


def left(item: InventoryItem) -> object:
    if item.stock_remaining is None:
        return "No bound"
    return look.points(item.stock_remaining) if item.stock_remaining else look.state("None", "danger")


STATE = look.column("State", state)
FACTS = (
    look.column("Pieces that people have", lambda item: look.points(item.pieces)),
    look.column("Left", left),
    look.column("Stacks", lambda item: "Yes" if item.stackable else "No"),
    STATE,
)
ITEM = look.column("Item", lambda item: look.link(item.title, links.url_of(item)))


def with_pieces(rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    held = scope.own(Holding, request).filter(item=OuterRef("pk")).order_by().values("item")
    counted: QuerySet[Any] = rows.annotate(
        pieces=Coalesce(Subquery(held.annotate(pieces=Sum("quantity")).values("pieces")), 0)
    )
    return counted


@admin.register(InventorySet)
class InventorySetAdmin(Archivable, ServiceAdmin):
    form = SetForm
    archived_text = (
        "Nobody gets its items any more, and apps do not show them. What people have stays: you can fetch it back."
    )
    list_display = ("title", "key", STATE)
    view_fields = ("title", "key", STATE)
    search_fields = ("title", "key")
    ordering = ("key",)
    fields = ("title", "key")
    when_empty = "A set holds what people collect, such as badges. Add one, then its items."

    def get_readonly_fields(self, request: HttpRequest, obj: InventorySet | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()

    def panels(self, request: HttpRequest, row: InventorySet) -> Sequence[Panel]:
        items = with_pieces(scope.own(InventoryItem, request).filter(set=row), request)
        return (
            panels.table(
                "Items",
                (ITEM, *FACTS),
                items.order_by("key")[:MOST_ITEMS],
                empty="No items yet: add one under Inventory items.",
                more_url=links.list_url(InventoryItem, set__id__exact=row.pk),
            ),
        )


@admin.register(InventoryItem)
class InventoryItemAdmin(Archivable, ServiceAdmin):
    form = ItemForm
    archived_text = "Nobody gets it any more, and apps do not show it. Whoever has it keeps it: you can fetch it back."
    list_display = ("title", look.column("Set", lambda item: item.set.title), "key", *FACTS)
    list_select_related = ("set",)
    list_filter = ("set",)
    search_fields = ("title", "key")
    ordering = ("key",)
    fields = ("set", "title", "key", "media", "stackable", "stock")
    view_fields = (*fields, STATE)
    when_empty = "An item is one thing to collect: a badge, a sticker. Quests and rewards give it."

    def get_readonly_fields(self, request: HttpRequest, obj: InventoryItem | None = None) -> tuple[str, ...]:
        return ("set", "key") if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_pieces(super().get_queryset(request).select_related("set"), request)

    def summary(self, request: HttpRequest, item: Any) -> Sequence[Figure]:
        changes = links.list_url(HoldingChange, item__id__exact=item.pk)
        return (
            Figure("Pieces that people have", look.link(look.points(item.pieces), changes)),
            Figure("Left", left(item)),
            Figure("State", state(item)),
        )


WHEN = look.moment_of("occurred_at", "When")
WHOSE = look.column("Advocate", lambda change: look.person(change.person))
WHAT = look.column("Item", lambda change: look.link(change.item.title, links.url_of(change.item)))
PIECES = look.column("Pieces", lambda change: look.change(change.quantity) if change.quantity else look.NOTHING)
CAME_OF_IT = look.column(
    "What came of it", lambda change: look.state(change.get_outcome_display(), COLOURS.get(change.outcome, ""))
)
CAUSE = look.column("Caused by", lambda change: look.code(f"{change.source_type} {change.source_id}"))
REASON = look.column("Reason", lambda change: look.pretty(change.reason))


@admin.register(HoldingChange)
class HoldingChangeAdmin(ReadOnlyAdmin):
    list_display = (WHEN, WHOSE, WHAT, PIECES, CAME_OF_IT)
    list_select_related = ("item",)
    list_filter = (OfPerson, "outcome", "item", ("occurred_at", When))
    ordering = ("-occurred_at", "-id")
    sortable_by = ()
    shown = ((None, list_display), ("Why", (CAUSE, REASON)))
    when_empty = "Whatever people receive and lose shows here; also what they did not get, and why."

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        found = people.of(request, {change.account_id for change in rows})
        for change in rows:
            change.person = found.get(change.account_id)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        change = super().get_object(request, object_id, from_field)
        if change is not None:
            self.prepare([change], request)
        return change


HOLDINGS = (
    look.column("Item", lambda row: look.link(row.item.title, links.url_of(row.item))),
    look.column("Set", lambda row: row.item.set.title),
    look.column("Pieces", lambda row: look.points(row.quantity)),
)


def holdings(request: HttpRequest, account_id: UUID) -> Panel:
    """What an account has collected, for its person's page."""
    rows = scope.own(Holding, request).filter(account_id=account_id, quantity__gt=0)
    return panels.table(
        "Inventory",
        HOLDINGS,
        rows.select_related("item__set").order_by("item__set__key", "item__key")[:MOST_ITEMS],
        empty="Nothing collected yet.",
        more_url=links.list_url(HoldingChange, account=account_id),
    )
