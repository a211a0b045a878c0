"""What the inventory holds of a person: the items that they have, and how they came and went."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from loyalty.models import Business, Holding, HoldingChange
from loyalty.services import inventory
from loyalty.services.personal_data import Holder, of_rows
from loyalty.services.quest_people import nothing_to_erase


def _export(business: Business, account_id: UUID) -> list[dict[str, Any]]:
    """Also of what is archived by now."""
    rows = Holding.objects.for_business(business).filter(account_id=account_id, quantity__gt=0)
    named = rows.order_by("pk").values_list("item__set__key", "item__key", "item__title", "quantity")
    return [{"set": set, "item": item, "title": title, "quantity": count} for set, item, title, count in named]


def _move(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """All that somebody has; or, of what these changes brought them, what is left."""
    if only is None:
        theirs = Holding.objects.for_business(business).filter(account_id=source, quantity__gt=0)
        pieces = dict(theirs.values_list("item_id", "quantity"))
    else:
        brought = HoldingChange.objects.for_business(business).filter(pk__in=only)
        pieces = dict(brought.values_list("item_id", "quantity"))
    moved = inventory.move(business=business, source_id=source, target_id=target, pieces=pieces)
    return [str(change_id) for change_id in moved]


def _stay(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """History stays with the account that it happened to."""
    return ()


HOLDINGS = Holder(name="inventory", export=_export, erase=nothing_to_erase, move=_move)
CHANGES = replace(
    of_rows(
        HoldingChange,
        name="inventoryChanges",
        exported=("item__key", "quantity", "outcome", "source_type", "source_id", "reason", "occurred_at"),
        erased=None,
    ),
    erase=nothing_to_erase,
    move=_stay,
)
ALL = (HOLDINGS, CHANGES)
