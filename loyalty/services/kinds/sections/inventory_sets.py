"""`inventorySets`: things to collect. `stock` is the total offered, so an old document gives nobody's piece away."""

from typing import Annotated

import msgspec

from loyalty.kernel import clock, points
from loyalty.kernel.errors import DomainError
from loyalty.kernel.shapes import Key
from loyalty.models import Business, InventoryItem, InventorySet
from loyalty.selectors import inventory
from loyalty.services import inventory_sets, programme
from loyalty.services.inventory_sets import Said
from loyalty.services.kinds.sections.metrics import Title
from loyalty.services.programme import Part, Section


class ItemPart(Part):
    key: Key
    title: Title
    media: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)] | None = None
    stackable: bool = False
    stock: Annotated[int, msgspec.Meta(ge=0, le=points.MAX_MOVE)] | None = None


class InventorySetPart(Part):
    key: Key
    title: Title
    items: Annotated[list[ItemPart], msgspec.Meta(max_length=1000)] = []


def export(business: Business) -> list[InventorySetPart]:
    return [
        InventorySetPart(key=row.key, title=row.title, items=[_part(item) for item in row.items.all()])
        for row in inventory.catalogue(business=business)
    ]


def apply(business: Business, part: list[InventorySetPart]) -> None:
    """:raises DomainError: what the stock or the holdings do not allow, with the path in the document"""
    wanted = {each.key: {"title": each.title} for each in part}
    sets = programme.put_rows(InventorySet.objects.for_business(business), wanted, business=business)
    for number, each in enumerate(part):
        try:
            _put_items(business, sets[each.key], each.items)
        except DomainError as error:
            error.field = f"inventorySets.{number}.{error.field}"
            raise
    live = InventoryItem.objects.for_business(business).filter(archived_at=None)
    live.exclude(set__in=sets.values()).update(archived_at=clock.wall())


def _put_items(business: Business, row: InventorySet, parts: list[ItemPart]) -> None:
    there = {item.key: item for item in InventoryItem.objects.for_business(business).filter(set=row)}
    for number, part in enumerate(parts):
        try:
            _put_item(business, row, part, there.pop(part.key, None))
        except DomainError as error:
            error.field = f"items.{number}.{error.field}"
            raise
    gone = InventoryItem.objects.for_business(business).filter(pk__in=[item.pk for item in there.values()])
    gone.filter(archived_at=None).update(archived_at=clock.wall())


def _put_item(business: Business, row: InventorySet, part: ItemPart, there: InventoryItem | None) -> None:
    """Write what differs: an item that stays as it is holds up nobody who is being given it."""
    said = Said(media=part.media or "", stackable=part.stackable, stock=part.stock)
    if there is None:
        inventory_sets.create_item(business=business, set_id=row.pk, key=part.key, title=part.title, **said)
    elif there.archived_at or _part(there) != part:
        inventory_sets.update_item(business=business, item_id=there.pk, restore=True, title=part.title, **said)


def _part(item: InventoryItem) -> ItemPart:
    return ItemPart(
        key=item.key, title=item.title, media=item.media or None, stackable=item.stackable, stock=item.stock
    )


SECTION = Section(key="inventorySets", shape=list[InventorySetPart], export=export, apply=apply)
