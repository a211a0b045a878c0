"""Opening accounts, and what an operator may change about them. None of it moves points."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from django.db import IntegrityError, transaction

from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.models import Account, Business
from loyalty.selectors import tiers
from loyalty.services import ladders


class ExternalIdTaken(Conflict):
    def __init__(self) -> None:
        super().__init__("Another person of this business has this external id.", field="externalId")


@transaction.atomic
def open_account(*, business: Business, external_id: str | None = None, timezone: str = "") -> Account:
    """Open an account on the lowest rung of the tiers.

    :raises ExternalIdTaken: if the business knows the external id already
    """
    account = Account(external_id=external_id, timezone=timezone)
    try:
        open_accounts(business=business, accounts=[account])
    except IntegrityError as error:
        raise _taken(error) from error
    return account


def open_accounts(*, business: Business, accounts: Sequence[Account]) -> None:
    """Open many at once; each has its external id and timezone already.

    :raises IntegrityError: if the business knows one of the external ids already; then none is opened
    """
    now = clock.now(business)
    lowest = next((tier for tier in tiers.tiers_of(business) if tier.threshold == 0), None)
    for account in accounts:
        account.business = business
        account.tier_id = lowest.id if lowest else None
        account.created_at = account.last_event_at = now
    with transaction.atomic():
        Account.objects.bulk_create(accounts)


def lock(*, business: Business, account_ids: Collection[UUID], also_from_keys: bool = False) -> dict[UUID, Account]:
    """Lock those of the accounts that the business has, in the order of their ids.

    :param also_from_keys: keep waiting whoever only needs that the account is there, too
    """
    rows = Account.objects.for_business(business).filter(pk__in=account_ids)
    return {account.pk: account for account in rows.order_by("pk").select_for_update(no_key=not also_from_keys)}


def lock_with_business(*, business: Business, account_ids: Collection[UUID]) -> tuple[dict[UUID, Account], Business]:
    """As `lock`, with their periods ended that are over; and the business as it is now: its clock, and its stamp."""
    rows = Account.objects.for_business(business).select_related("business").filter(pk__in=account_ids)
    locking = rows.order_by("pk").select_for_update(of=("self",), no_key=True)
    locked = list(locking)
    as_it_is = locked[0].business if locked else business
    due = [account.pk for account in locked if account.has_period_over(now=clock.now(as_it_is))]
    if due:
        ladders.end_periods(due, business=as_it_is)
        locked = list(locking.all())
    return {account.pk: account for account in locked}, as_it_is


def sequences(*, business: Business, account_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Of each account the number of its latest event."""
    rows = Account.objects.for_business(business).filter(pk__in=list(account_ids))
    return dict(rows.values_list("pk", "event_sequence"))


@transaction.atomic
def set_external_id(*, business: Business, account_id: UUID, external_id: str | None) -> None:
    """Give an account the merchant's own id.

    :raises ExternalIdTaken: if another account has it
    """
    account = _locked(business, account_id)
    account.external_id = external_id
    _save(account, "external_id")


@transaction.atomic
def set_tier(*, business: Business, account_id: UUID, tier_key: str | None) -> None:
    """Put an account on a tier by hand, and keep it there until the next call says None.

    :raises NotFound: if the business has no such account, or its programme no such tier
    """
    _locked(business, account_id)
    tier_id = None if tier_key is None else _tier_named(business, tier_key)
    ladders.set_tier(business=business, account_id=account_id, tier_id=tier_id)


@transaction.atomic
def set_blocked(*, business: Business, account_id: UUID, blocked: bool) -> None:
    """Stop an account's points from moving and its tokens from working, or let them again.

    :raises Conflict: if the account is merged or erased
    """
    account = _locked(business, account_id)
    if account.status not in (Account.Status.ACTIVE, Account.Status.BLOCKED):
        raise Conflict("A merged or erased account stays as it is.")
    account.status = Account.Status.BLOCKED if blocked else Account.Status.ACTIVE
    account.save(update_fields=["status"])


@transaction.atomic
def revoke_tokens(*, business: Business, account_id: UUID) -> None:
    """Refuse every user token issued to the account before now, within 5 seconds everywhere."""
    account = _locked(business, account_id)
    account.tokens_valid_from = clock.wall()
    account.save(update_fields=["tokens_valid_from"])


def mark_read(*, business: Business, account_id: UUID, sequence: int) -> None:
    """Remember up to which of their events somebody has been notified. It never goes back."""
    rows = Account.objects.for_business(business).filter(pk=account_id, read_sequence__lt=sequence)
    rows.update(read_sequence=sequence)


def _locked(business: Business, account_id: UUID) -> Account:
    account = Account.objects.for_business(business).select_for_update(no_key=True).filter(pk=account_id).first()
    if account is None:
        raise NotFound("advocate")
    return account


def _tier_named(business: Business, key: str) -> UUID:
    tier = next((tier for tier in tiers.tiers_of(business) if tier.key == key), None)
    if tier is None:
        raise NotFound("tier", field="tier")
    return tier.id


def _save(account: Account, *fields: str) -> None:
    try:
        with transaction.atomic():
            account.save(update_fields=fields)
    except IntegrityError as error:
        raise _taken(error) from error


def _taken(error: IntegrityError) -> Exception:
    return ExternalIdTaken() if "one_account_per_external_id" in str(error) else error
