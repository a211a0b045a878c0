"""Reads of the inventory: what there is to collect, and what somebody has of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from loyalty.kernel.errors import NotFound
from loyalty.models import Business, Holding, InventoryItem, InventorySet


class Held(NamedTuple):
    """Pieces of an item that somebody has; set and item by their keys."""

    set: str
    item: str
    quantity: int


def catalogue(*, business: Business) -> Sequence[InventorySet]:
    """Every set that is in use, with its `items` that are: two queries."""
    live = InventoryItem.objects.for_business(business).filter(archived_at=None).order_by("key")
    sets = InventorySet.objects.for_business(business).filter(archived_at=None).order_by("key")
    return list(sets.prefetch_related(Prefetch("items", queryset=live)))


def live_items(*, business: Business) -> "QuerySet[InventoryItem]":
    """What may be given, with its set."""
    rows = InventoryItem.objects.for_business(business).filter(archived_at=None, set__archived_at=None)
    return rows.select_related("set")


def item_named(*, business: Business, set: str, item: str, field: str | None = None) -> InventoryItem:
    """The item with these keys, also if it is archived.

    :raises NotFound: if there never was one
    """
    rows = InventoryItem.objects.for_business(business).select_related("set")
    found = rows.filter(set__business=business, set__key=set, key=item).first()
    if found is None:
        raise NotFound("item", field=field)
    return found


def held_by(*, business: Business, account_id: UUID) -> list[Held]:
    """What somebody has of the items that are in use."""
    rows = Holding.objects.for_business(business).filter(
        account_id=account_id, quantity__gt=0, item__archived_at=None, item__set__archived_at=None
    )
    ordered = rows.order_by("item__set__key", "item__key")
    return [Held(*row) for row in ordered.values_list("item__set__key", "item__key", "quantity")]


def titles(named: Iterable[tuple[str, str]], *, business: Business) -> Mapping[tuple[str, str], str]:
    """How items read, by the keys of their set and their own; one query, if any are named."""
    wanted = list(named)
    rows = InventoryItem.objects.for_business(business).filter(
        set__key__in={set for set, _ in wanted}, key__in={item for _, item in wanted}
    )
    return {(set, item): title for set, item, title in rows.values_list("set__key", "key", "title")}
