from collections.abc import Callable
from typing import Any

import pytest

from loyalty.models import Business, Holding, HoldingChange, InventoryItem, InventorySet
from loyalty.services import inventory, inventory_sets
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.ledger import Source

MakeItem = Callable[..., InventoryItem]


def because(id: str = "q1", type: str = "quest") -> Occasion:
    """Why something is given: once for each `id`."""
    return Occasion(source=Source(type, id), action=type, reason={"questId": id})


def give(person: Any, item: InventoryItem, id: str = "q1", quantity: int = 1) -> HoldingChange:
    return inventory.give(
        business=person.business, account_id=person.pk, item_id=item.pk, occasion=because(id), quantity=quantity
    )


def offer(person: Any, item: InventoryItem, id: str = "q1", quantity: int = 1) -> HoldingChange:
    """As `give`, but whoever cannot have it is told so by the change."""
    return inventory.give_if_possible(
        business=person.business, account_id=person.pk, item_id=item.pk, occasion=because(id), quantity=quantity
    )


def take(person: Any, item: InventoryItem, id: str = "t1", quantity: int = 1) -> HoldingChange:
    return inventory.take(
        business=person.business, account_id=person.pk, item_id=item.pk, occasion=because(id), quantity=quantity
    )


def take_back(business: Business, id: str = "q1") -> HoldingChange:
    return inventory.take_back(business=business, occasion=because(id))


def has(person: Any, item: InventoryItem) -> int:
    rows = Holding.objects.for_business(person.business).filter(account_id=person.pk, item=item)
    return rows.values_list("quantity", flat=True).first() or 0


def left(item: InventoryItem) -> int | None:
    return InventoryItem.objects.get(pk=item.pk).stock_remaining


@pytest.fixture
def badges(acme: Business) -> InventorySet:
    return inventory_sets.create_set(business=acme, title="Badges")


@pytest.fixture
def item(badges: InventorySet) -> MakeItem:
    """Put an item into the badges: `item("Coin", stackable=True, stock=5)`."""

    def make(title: str = "Rider", **said: Any) -> InventoryItem:
        return inventory_sets.create_item(business=badges.business, set_id=badges.pk, title=title, **said)

    return make


@pytest.fixture
def rider(item: MakeItem) -> InventoryItem:
    """A badge that nobody has twice."""
    return item()


@pytest.fixture
def coin(item: MakeItem) -> InventoryItem:
    """What can be had any number of times."""
    return item("Coin", stackable=True)
