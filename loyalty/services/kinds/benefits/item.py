"""Pieces of an item of the inventory: a badge, mostly. Who cannot have it completes what they do all the same."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import msgspec

from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Business
from loyalty.selectors import inventory as reads
from loyalty.services import inventory
from loyalty.services.kinds.benefits.base import Benefit, Document, Occasion, comes_back

MOST = 1_000
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class ItemBenefit(Benefit, tag="item", kw_only=True):
    set: Name
    item: Name
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 1


SHAPE = ItemBenefit


def check(benefit: ItemBenefit, *, business: Business, field: str) -> None:
    live = reads.live_items(business=business)
    item = live.filter(set__key=benefit.set, key=benefit.item).first()
    if item is None:
        raise NotFound("item", field=f"{field}.item")
    if benefit.quantity > 1 and not item.stackable:
        raise Invalid("This item does not stack: nobody has it twice.", field=f"{field}.quantity")


def dangling(benefit: ItemBenefit, document: Document) -> Iterator[tuple[str, str]]:
    sets = document.get("inventorySets")
    known = None if sets is None else {(each.key, item.key) for each in sets for item in each.items}
    if known is not None and (benefit.set, benefit.item) not in known:
        yield "item", f"The programme has no item {benefit.item!r} in a set {benefit.set!r}."


def points_of(benefit: ItemBenefit) -> int:
    return 0


def give(benefit: ItemBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    """Already had, sold out, archived: nothing is given, and the reason is written down.

    :raises inventory.OutOfStock: if it is sold out, and the occasion waits
    """
    item = reads.item_named(business=business, set=benefit.set, item=benefit.item)
    change = inventory.give_if_possible(
        business=business, account_id=account_id, item_id=item.pk, occasion=occasion, quantity=benefit.quantity
    )
    if occasion.waits and change.outcome == inventory.Outcome.OUT_OF_STOCK:
        raise inventory.OutOfStock
    return 0


def take_back(benefit: ItemBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    inventory.take_back(business=business, occasion=occasion)
    return 0


def recover(benefit: ItemBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> bool:
    return comes_back(lambda: take_back(benefit, business=business, account_id=account_id, occasion=occasion))
