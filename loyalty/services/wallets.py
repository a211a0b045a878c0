"""What people have, with what is due to them: reading it posts it."""

from uuid import UUID

from loyalty.models import Business
from loyalty.selectors import ledger as books
from loyalty.selectors.ledger import Wallet
from loyalty.services import ledger


def settle_due(*, business: Business, account_id: UUID) -> bool:
    """Post what waits for somebody, for a look at something else than a wallet. One query where nothing does.

    Answers whether something was due: what was read before may be out of date then.
    """
    is_due = books.is_due(business=business, account_id=account_id)
    if is_due:
        ledger.settle(business_id=business.pk, account_id=account_id)
    return is_due


def of_one(*, business: Business, account_id: UUID) -> Wallet:
    """Somebody's points. One query, and more only where something waits to be posted."""
    wallet = books.wallets(business=business, account_ids=[account_id])[account_id]
    if not wallet.is_due:
        return wallet
    ledger.settle(business_id=business.pk, account_id=account_id)
    return books.wallets(business=business, account_ids=[account_id])[account_id]


def all_of(*, business: Business, account_id: UUID) -> dict[str, Wallet]:
    """Every metric of the programme with what somebody has of it. As `of_one`."""
    found = books.metrics_of(business=business, account_id=account_id)
    if not any(wallet.is_due for wallet in found.values()):
        return found
    ledger.settle(business_id=business.pk, account_id=account_id)
    return books.metrics_of(business=business, account_id=account_id)
