"""What there is to collect is written here: sets, their items, and how many of each are offered."""

from typing import TypedDict, Unpack
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Business, Holding, InventoryItem, InventorySet
from loyalty.services import naming


class StockGivenOut(Invalid):
    def __init__(self, given: int) -> None:
        super().__init__(f"People have {given:,} already: stock, the total offered, cannot be less.", field="stock")


class HeldInStacks(Invalid):
    def __init__(self) -> None:
        super().__init__("Somebody has several of this item already, so it has to stack.", field="stackable")


class Said(TypedDict, total=False):
    """What may be said of an item at any time; what is left out stays."""

    media: str
    stackable: bool
    stock: int | None


class Changes(Said, total=False):
    title: str


@transaction.atomic
def create_set(*, business: Business, title: str, key: str | None = None) -> InventorySet:
    """Open a set. Its key is made from its title where none is given.

    :raises naming.KeyTaken: if another set has the key
    """
    business = naming.lock(business)
    rows = InventorySet.objects.for_business(business)
    key = naming.key_for(rows, key=key, title=title, noun="set")
    return rows.create(business=business, key=key, title=title)


@transaction.atomic
def rename_set(*, business: Business, set_id: UUID, title: str) -> InventorySet:
    """:raises NotFound: if the business has no such set"""
    found = InventorySet.objects.for_business(business).select_for_update(no_key=True).filter(pk=set_id).first()
    if found is None:
        raise NotFound("set")
    found.title = title
    found.save(update_fields=["title"])
    return found


@transaction.atomic
def create_item(
    *, business: Business, set_id: UUID, title: str, key: str | None = None, **said: Unpack[Said]
) -> InventoryItem:
    """Put an item into a set. Its key is made from its title where none is given.

    :raises NotFound: if the business has no such set
    :raises naming.KeyTaken: if another item of the set has the key
    """
    business = naming.lock(business)
    if not InventorySet.objects.for_business(business).filter(pk=set_id).exists():
        raise NotFound("set", field="set")
    rows = InventoryItem.objects.for_business(business).filter(set_id=set_id)
    key = naming.key_for(rows, key=key, title=title, noun="item")
    return InventoryItem.objects.create(business=business, set_id=set_id, key=key, title=title, **said)


@transaction.atomic
def update_item(*, business: Business, item_id: UUID, restore: bool = False, **said: Unpack[Changes]) -> InventoryItem:
    """Change an item. Who has it keeps it.

    :param restore: fetch it back if it was archived
    :raises NotFound: if the business has no such item
    :raises StockGivenOut: if people have more of it than its new stock
    :raises HeldInStacks: if it is not to stack, and somebody has several
    """
    # The strongest lock: whoever is being given the item has it by then, and nobody else gets it before the commit.
    item = InventoryItem.objects.for_business(business).select_for_update().filter(pk=item_id).first()
    if item is None:
        raise NotFound("item")
    for name, given in said.items():
        setattr(item, name, given)
    theirs = Holding.objects.for_business(business).filter(item=item)
    if not item.stackable and theirs.filter(quantity__gt=1).exists():
        raise HeldInStacks
    if item.stock is not None:
        item.given = theirs.aggregate(total=Sum("quantity"))["total"] or 0
        if item.stock < item.given:
            raise StockGivenOut(item.given)
    item.archived_at = None if restore else item.archived_at
    item.save(update_fields=["title", "media", "stackable", "stock", "given", "archived_at"])
    return item
