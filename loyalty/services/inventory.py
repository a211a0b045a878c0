"""Items come and go here, each time once per source. The account is locked first; an item's stock comes last.

What is taken from somebody is back in stock. See `docs/developers/inventory.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BigIntegerField, Exists, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from loyalty import events
from loyalty.kernel import clock, ids
from loyalty.kernel.errors import Code, Conflict, DomainError, NotFound
from loyalty.models import Account, Business, Holding, HoldingChange, InventoryItem
from loyalty.selectors import merges
from loyalty.services import accounts
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.ledger import AccountNotActive, AlreadyPosted, AlreadyReversed, Source

RECEIVED = "inventory/received"
LOST = "inventory/lost"
MERGE = "merge"
UNDO = "undo"
Outcome = HoldingChange.Outcome


class NotToBeHad(DomainError):
    """Why somebody does not get an item; `outcome` is what is written down of it."""

    outcome: Outcome


class AlreadyHad(NotToBeHad):
    code, outcome = Code.LIMIT_REACHED, Outcome.ALREADY_HAD

    def __init__(self) -> None:
        super().__init__("This advocate would have more than one of this item, and it does not stack.")


class OutOfStock(NotToBeHad):
    code, outcome = Code.OUT_OF_STOCK, Outcome.OUT_OF_STOCK

    def __init__(self) -> None:
        super().__init__("There is not enough of this item left. Raise its stock, or take fewer.")


class ItemArchived(NotToBeHad):
    code, outcome = Code.REWARD_INACTIVE, Outcome.ARCHIVED

    def __init__(self) -> None:
        super().__init__("This item is archived: nobody gets it any more.")


class NotHeld(Conflict):
    def __init__(self, held: int) -> None:
        super().__init__(f"This advocate has {held} of this item: no more can be taken.", field="quantity")


@dataclass(frozen=True, slots=True)
class _Standing:
    """One person before one item. Their account is locked until the commit."""

    account: Account
    item: InventoryItem
    held: int
    at: datetime


@transaction.atomic
def give(
    *, business: Business, account_id: UUID, item_id: UUID, occasion: Occasion, quantity: int = 1
) -> HoldingChange:
    """Give somebody so many pieces of an item, once per source of the occasion: all of them, or none.

    :raises NotFound: if the business has no such account or item
    :raises ledger.AccountNotActive: if the account is blocked, merged or erased
    :raises ledger.AlreadyPosted: if it was given, or taken, for this source before
    :raises ItemArchived, AlreadyHad, OutOfStock: as their messages say
    """
    return _received(_before(business, account_id, item_id, occasion), occasion, quantity)


@transaction.atomic
def give_if_possible(
    *, business: Business, account_id: UUID, item_id: UUID, occasion: Occasion, quantity: int = 1
) -> HoldingChange:
    """As `give`, but an item that is not to be had fails nothing: why is written down as the change.

    :raises NotFound, ledger.AccountNotActive, ledger.AlreadyPosted: as `give`
    """
    standing = _before(business, account_id, item_id, occasion)
    try:
        with transaction.atomic():
            return _received(standing, occasion, quantity)
    except NotToBeHad as refusal:
        return _noted(standing, occasion, 0, refusal.outcome)


@transaction.atomic
def take(
    *, business: Business, account_id: UUID, item_id: UUID, occasion: Occasion, quantity: int = 1
) -> HoldingChange:
    """Take so many pieces of an item from somebody, once per source of the occasion.

    :raises NotHeld: if they have fewer
    :raises NotFound, ledger.AccountNotActive, ledger.AlreadyPosted: as `give`
    """
    standing = _before(business, account_id, item_id, occasion)
    if quantity > standing.held:
        raise NotHeld(standing.held)
    return _lost(standing, occasion, quantity)


@transaction.atomic
def take_back(*, business: Business, occasion: Occasion) -> HoldingChange:
    """Undo what was given for the source of an occasion: exactly that, or what is left of it.

    If the account was merged since, the account that took over gives it back. What was lost since is not lost again.

    :raises NotFound: if nothing was given, or refused, for the source
    :raises ledger.AlreadyReversed: the second time
    """
    source = occasion.source
    changes = HoldingChange.objects.for_business(business).filter(source_type=source.type, source_id=source.id)
    giving = changes.filter(quantity__gte=0).first()  # a taking is not undone here
    if giving is None:
        raise NotFound("giving")
    undoing = Occasion(
        source=Source(UNDO, str(giving.pk)),
        action=occasion.action,
        rule=occasion.rule,
        reason={**occasion.reason, "undoes": str(giving.pk)},
    )
    try:
        standing = _look(business, _whose(business, giving), giving.item_id, undoing)
    except AlreadyPosted as error:
        raise AlreadyReversed from error
    left = min(max(giving.quantity, 0), standing.held)
    return _lost(standing, undoing, left) if left else _noted(standing, undoing, 0, Outcome.GONE)


def move(*, business: Business, source_id: UUID, target_id: UUID, pieces: Mapping[UUID, int]) -> list[UUID]:
    """Let one account take over pieces of another's, by item. Both are locked. Answers the changes of the second one.

    What does not stack, and both have, stays where it is.
    """
    moved = []
    for item_id, quantity in sorted(pieces.items()):
        gone, come = ids.new_id(), ids.new_id()
        leaving = Occasion(source=Source(MERGE, str(come)), action=MERGE)
        coming = Occasion(source=Source(MERGE, str(gone)), action=MERGE)
        here = _look(business, source_id, item_id, leaving)
        there = _look(business, target_id, item_id, coming)
        quantity = min(quantity, here.held)
        if quantity and (here.item.stackable or not there.held):
            _written(here, leaving, -quantity, change_id=gone)
            _written(there, coming, quantity, change_id=come)
            moved.append(come)
    return moved


def _before(business: Business, account_id: UUID, item_id: UUID, occasion: Occasion) -> _Standing:
    """Somebody who takes part, before an item that this occasion has not moved yet."""
    standing = _look(business, account_id, item_id, occasion)
    if standing.account.status != Account.Status.ACTIVE:
        raise AccountNotActive
    return standing


def _look(business: Business, account_id: UUID, item_id: UUID, occasion: Occasion) -> _Standing:
    account = accounts.lock(business=business, account_ids=[account_id]).get(account_id)
    if account is None:
        raise NotFound("advocate")
    changes = HoldingChange.objects.for_business(business)
    same = changes.filter(source_type=occasion.source.type, source_id=occasion.source.id)
    theirs = Holding.objects.for_business(business).filter(account=account, item=OuterRef("pk"))
    rows = InventoryItem.objects.for_business(business).select_related("set", "business").filter(pk=item_id)
    held = Coalesce(Subquery(theirs.values("quantity")), Value(0), output_field=BigIntegerField())
    item: Any = rows.annotate(is_repeat=Exists(same), held=held).first()
    if item is None:
        raise NotFound("item")
    if item.is_repeat:
        raise AlreadyPosted
    return _Standing(account, item, item.held, max(clock.now(item.business), account.last_event_at))


def _whose(business: Business, giving: HoldingChange) -> UUID:
    """Who has what was given: whom it was given to, or the account that took over, with its pieces. Locks both."""
    locked: set[UUID] = set()
    while locked != (both := {giving.account_id, merges.home_of(giving.account_id)}):
        accounts.lock(business=business, account_ids=both)
        locked = both
    theirs = Holding.objects.for_business(business).filter(account_id=giving.account_id, item_id=giving.item_id)
    stayed = theirs.filter(quantity__gt=0).exists()
    return giving.account_id if stayed else merges.home_of(giving.account_id)


def _received(standing: _Standing, occasion: Occasion, quantity: int) -> HoldingChange:
    item = standing.item
    if item.is_archived:
        raise ItemArchived
    if not item.stackable and standing.held + quantity > 1:
        raise AlreadyHad
    change = _written(standing, occasion, quantity)
    if not _take_stock(item, quantity):
        raise OutOfStock
    return change


def _lost(standing: _Standing, occasion: Occasion, quantity: int) -> HoldingChange:
    change = _written(standing, occasion, -quantity)
    rows = InventoryItem.objects.for_business(standing.item.business).filter(pk=standing.item.pk)
    rows.filter(stock__isnull=False).update(given=F("given") - quantity)
    return change


# Who writes a change holds its item so that no stock can be set before the commit: what is counted stays counted.
TAKE_STOCK = """
    WITH taken AS (
        UPDATE loyalty_inventoryitem SET given = given + %(quantity)s
        WHERE id = %(item)s AND stock - given >= %(quantity)s RETURNING id
    )
    SELECT stock IS NULL OR EXISTS (SELECT FROM taken) FROM loyalty_inventoryitem WHERE id = %(item)s
"""


def _take_stock(item: InventoryItem, quantity: int) -> bool:
    """Count pieces as given, if that many are left: checked and changed in one step."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_STOCK, {"item": item.pk, "quantity": quantity})
        return bool(cursor.fetchone()[0])


def _written(
    standing: _Standing, occasion: Occasion, quantity: int, *, change_id: UUID | None = None
) -> HoldingChange:
    """Write a change, the holding that it makes, and the news of it."""
    came = quantity > 0
    outcome = Outcome.RECEIVED if came else Outcome.LOST
    change = _noted(standing, occasion, quantity, outcome, change_id=change_id)
    item, held = standing.item, standing.held + quantity
    row = Holding(
        business_id=item.business_id, account=standing.account, item=item, stackable=item.stackable, quantity=held
    )
    Holding.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["business", "account", "item"],
        update_fields=["quantity"],
    )
    facts = {
        "changeId": str(change.pk),
        "set": item.set.key,
        "item": item.key,
        "quantity": abs(quantity),
        "held": held,
        "action": occasion.action,
    }
    topic = RECEIVED if came else LOST
    events.record([events.Happening(item.business_id, topic, standing.account.pk, facts)], now=standing.at)
    return change


def _noted(
    standing: _Standing, occasion: Occasion, quantity: int, outcome: Outcome, *, change_id: UUID | None = None
) -> HoldingChange:
    rule = {"ruleId": str(occasion.rule[0]), "ruleVersion": occasion.rule[1]} if occasion.rule else {}
    change_id = change_id or ids.new_id()
    return HoldingChange.objects.create(
        pk=change_id,
        business_id=standing.item.business_id,
        account=standing.account,
        item=standing.item,
        quantity=quantity,
        outcome=outcome,
        source_type=occasion.source.type,
        source_id=occasion.source.id or str(change_id),
        reason={"action": occasion.action, **rule, **occasion.reason},
        occurred_at=standing.at,
    )
