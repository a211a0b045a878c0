"""People with what they hold, as lists and pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from advocates.models import Advocate
from advocates.selectors import referral_links
from loyalty.kernel.errors import NotFound
from loyalty.models import Business
from loyalty.selectors import ledger, segments
from loyalty.selectors.ledger import Wallet


@dataclass(frozen=True, slots=True)
class Profile:
    """A person, with account and tier loaded, their points, the keys of their segments, and their own link."""

    advocate: Advocate
    points: Wallet
    segments: Sequence[str]
    referral_url: str | None = None


def profiles(*, business: Business, advocates: Sequence[Advocate]) -> list[Profile]:
    """The profiles of people that `with_account()` loaded, in three more queries."""
    ids = [advocate.pk for advocate in advocates]
    wallets = ledger.wallets(business=business, account_ids=ids)
    keys = segments.keys_of(business=business, account_ids=ids)
    links = referral_links.of(business, ids)
    return [Profile(a, wallets[a.pk], keys.get(a.pk, ()), links.get(a.pk)) for a in advocates]


def profile(*, business: Business, advocate_id: UUID) -> Profile:
    """One person.

    :raises NotFound: if the business has no such advocate
    """
    advocate = Advocate.objects.for_business(business).with_account().filter(pk=advocate_id).first()
    if advocate is None:
        raise NotFound("advocate")
    return profiles(business=business, advocates=[advocate])[0]


def require(*, business: Business, advocate_id: UUID) -> None:
    """:raises NotFound: if the business has no such advocate"""
    if not Advocate.objects.for_business(business).filter(pk=advocate_id).exists():
        raise NotFound("advocate")
