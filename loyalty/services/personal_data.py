"""What the house holds of a person: apps register it, and exporting, erasing and merging people go through it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from loyalty.kernel.names import camel
from loyalty.models import Business, Event
from loyalty.models.base import TenantModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One kind of rows about people.

    :param name: their place in an export
    :param export: what is held of an account, ready for JSON
    :param erase: remove those of accounts, or what names a person in them; ids, codes and numbers may stay
    :param move: give rows of one account to another one: all of them, or only those with these ids. Answers the ids
        that moved, so that moving them back undoes it.
    """

    name: str
    export: Callable[[Business, UUID], Any]
    erase: Callable[[Business, Collection[UUID]], None]
    move: Callable[[Business, UUID, UUID, Sequence[str] | None], Sequence[str]]


_holders: list[Holder] = []


def register_holder(holder: Holder) -> None:
    """Ask `holder` whenever a person is exported, erased or merged."""
    _holders.append(holder)


def holders() -> Sequence[Holder]:
    return _holders


Mentions = Callable[[Business, Collection[UUID]], Iterable[UUID]]
_mentions: list[Mentions] = []


def register_mentions(mentions: Mentions) -> None:
    """Let `mentions` answer the ids of other people's events whose published bodies name one of some people."""
    _mentions.append(mentions)


def events_naming(*, business: Business, account_ids: Collection[UUID]) -> "QuerySet[Event]":
    """The events of some people, and those of others that name them."""
    others = list(chain.from_iterable(mentions(business, account_ids) for mentions in _mentions))
    return Event.objects.for_business(business).filter(Q(account_id__in=account_ids) | Q(pk__in=others))


def export(*, business: Business, account_id: UUID) -> dict[str, Any]:
    """All that is held of an account, by holder."""
    return {holder.name: holder.export(business, account_id) for holder in _holders}


def erase(*, business: Business, account_ids: Collection[UUID]) -> None:
    """Let every holder erase people's accounts; the floor's come last: they describe what is left of the others'."""
    for holder in reversed(_holders):
        holder.erase(business, account_ids)


def move(*, business: Business, source_id: UUID, target_id: UUID) -> dict[str, Sequence[str]]:
    """Give all rows of an account to another one. Answers what moved, for `move_back`."""
    moved = {holder.name: holder.move(business, source_id, target_id, None) for holder in _holders}
    return {name: ids for name, ids in moved.items() if ids}


def move_back(*, business: Business, source_id: UUID, target_id: UUID, moved: Mapping[str, Sequence[str]]) -> None:
    """Undo `move`: what it gave to the target, and is still there, is the source's again."""
    for holder in _holders:
        if ids := moved.get(holder.name):
            holder.move(business, target_id, source_id, ids)


def of_rows(
    model: type[TenantModel],
    *,
    name: str,
    exported: Sequence[str],
    erased: Mapping[str, Any] | None,
    account: str = "account_id",
) -> Holder:
    """A holder of rows that name an account in the column `account`.

    :param exported: the fields that an export shows
    :param erased: the values that an erasure writes; None deletes the rows
    """

    def rows_of(business: Business, *account_ids: UUID) -> Any:
        return model._default_manager.filter(business_id=business.pk, **{f"{account}__in": account_ids})

    def export(business: Business, account_id: UUID) -> Any:
        rows = rows_of(business, account_id).order_by("pk").values(*exported)
        return [{camel(name): value for name, value in row.items()} for row in rows]

    def erase(business: Business, account_ids: Collection[UUID]) -> None:
        rows = rows_of(business, *account_ids)
        rows.delete() if erased is None else rows.update(**erased)

    def move(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
        rows = rows_of(business, source)
        rows = rows if only is None else rows.filter(pk__in=only)
        ids = [str(pk) for pk in rows.select_for_update().order_by("pk").values_list("pk", flat=True)]
        model._default_manager.filter(business_id=business.pk, pk__in=ids).update(**{account: target})
        return ids

    return Holder(name=name, export=export, erase=erase, move=move)
