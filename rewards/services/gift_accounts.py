"""Accounts that order gift cards: opened, given another access token, disabled; and the tokens they call with."""

from datetime import timedelta

from django.db import transaction

from loyalty.kernel import clock, crypto
from loyalty.kernel.errors import Code, Conflict, DomainError
from loyalty.models import Business
from rewards.models import GiftAccount, GiftToken

ACCESS_PREFIX, TOKEN_PREFIX = "ga_", "gt_"
LIFETIME = timedelta(seconds=3600)
SHOWN = 9  # characters of an access token that tell it from others


class UnknownAccount(DomainError):
    code = Code.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__("Email and AccessToken do not belong together. Check both in the dashboard.")


class AccountDisabled(DomainError):
    code = Code.FORBIDDEN

    def __init__(self) -> None:
        super().__init__("This account is disabled. Ask whoever runs the business's dashboard.")


class EmailTaken(Conflict):
    def __init__(self) -> None:
        super().__init__("There is an account with this address. Give it another access token instead.", field="email")


def open_account(*, business: Business, email: str) -> tuple[GiftAccount, str]:
    """Open an account. Its access token is answered here and never again.

    :raises EmailTaken: if the business has an account with this address
    """
    text = crypto.new_secret(ACCESS_PREFIX)
    account, is_new = GiftAccount.objects.get_or_create(
        business=business,
        email=email.lower(),
        defaults={"prefix": text[:SHOWN], "digest": crypto.digest(text), "created_at": clock.wall()},
    )
    if not is_new:
        raise EmailTaken
    return account, text


@transaction.atomic
def renew(*, account: GiftAccount) -> str:
    """Give an account another access token; the old one, and every token made with it, ends at once."""
    text = crypto.new_secret(ACCESS_PREFIX)
    account.prefix, account.digest = text[:SHOWN], crypto.digest(text)
    account.save(update_fields=["prefix", "digest"])
    _end_tokens(account)
    return text


@transaction.atomic
def disable(*, account: GiftAccount) -> None:
    """Refuse an account from now on; every process knows within 5 seconds."""
    account.disabled_at = account.disabled_at or clock.wall()
    account.save(update_fields=["disabled_at"])
    _end_tokens(account)


def enable(*, account: GiftAccount) -> None:
    account.disabled_at = None
    account.save(update_fields=["disabled_at"])


@transaction.atomic
def issue_token(*, email: str, access_token: str) -> tuple[str, int]:
    """A token to call with, and for how many seconds.

    :raises UnknownAccount: if there is no such pair
    :raises AccountDisabled: if the account or its business is out of use
    """
    rows = GiftAccount.objects.filter(digest=crypto.digest(access_token)).select_related("business")
    account = rows.select_for_update(of=("self",), no_key=True).first()  # it ends no tokens before this one is there
    if account is None or not crypto.is_same(account.email, email.strip().lower()):
        raise UnknownAccount
    if account.disabled_at or account.business.status != Business.Status.ACTIVE:
        raise AccountDisabled
    text = crypto.new_secret(TOKEN_PREFIX)
    GiftToken.objects.create(
        business=account.business, account=account, digest=crypto.digest(text), expires_at=clock.wall() + LIFETIME
    )
    return text, int(LIFETIME.total_seconds())


def purge() -> int:
    """Forget tokens that have ended. Answers how many."""
    return GiftToken.objects.filter(expires_at__lt=clock.wall()).delete()[0]


def _end_tokens(account: GiftAccount) -> None:
    GiftToken.objects.for_business(account.business).filter(account=account).delete()
