"""A person asks what we hold of them, or to be forgotten. Both go through every registered holder of personal data."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction

from loyalty import events
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.models import Account, Business
from loyalty.selectors import merges
from loyalty.services import accounts, personal_data

ERASED = "customers/erased"
Status = Account.Status


class MergedAway(Conflict):
    def __init__(self, into: UUID) -> None:
        super().__init__(f"This advocate was merged. Their person is the advocate {into}: name that one.")


def export(*, business: Business, account_id: UUID) -> dict[str, Any]:
    """All that is held of a person, also under the accounts that were merged into theirs.

    :raises NotFound: if the business has no such account
    """
    if not Account.objects.for_business(business).filter(pk=account_id).exists():
        raise NotFound("advocate")
    return {
        "advocateId": account_id,
        "exportedAt": clock.now(business),
        "held": personal_data.export(business=business, account_id=account_id),
        "merged": [
            {"advocateId": id, "held": personal_data.export(business=business, account_id=id)}
            for id in merges.merged_into(account_id)
        ],
    }


def erase(*, business: Business, account_id: UUID) -> None:
    """Forget who a person is. Ids, codes and numbers stay, so that every sum does. Safe to repeat.

    :raises NotFound: if the business has no such account
    :raises MergedAway: if another account took over
    """
    erase_all(business=business, account_ids=[account_id])


@transaction.atomic
def erase_all(*, business: Business, account_ids: Collection[UUID]) -> None:
    """Forget many people at once, as `erase` does one.

    :raises NotFound, MergedAway: as `erase`, if it is so of one of them; then none is forgotten
    """
    held = _lock_people(business, account_ids)
    for account_id in account_ids:
        if held[account_id].status == Status.MERGED:
            raise MergedAway(merges.home_of(account_id))
    known = sorted(account_id for account_id in account_ids if held[account_id].status != Status.ERASED)
    if not known:
        return
    theirs = {*known, *merges.merged_into(*known)}
    rows = Account.objects.for_business(business).filter(pk__in=theirs)
    rows.update(status=Status.ERASED, tokens_valid_from=clock.wall())
    personal_data.erase(business=business, account_ids=theirs)
    happened = [events.Happening(business.pk, ERASED, account_id) for account_id in known]
    events.record(happened, now=clock.now(business))


def _lock_people(business: Business, account_ids: Collection[UUID]) -> dict[UUID, Account]:
    """The accounts and those merged into them. Who writes down an answer about them waits, or has done so."""
    held: dict[UUID, Account] = {}
    while held.keys() != (whole := {*account_ids, *merges.merged_into(*account_ids)}):
        held = accounts.lock(business=business, account_ids=whole, also_from_keys=True)
        if not held.keys() >= set(account_ids):
            raise NotFound("advocate")
    return held
