"""Who the friend is whom a code has brought."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from advocates.models import Advocate
from advocates.services import advocates
from loyalty import events as feed
from loyalty.kernel import clock
from loyalty.models import Account, Business
from loyalty.services import accounts
from referrals import events
from referrals.models import Conversion, Referral, ReferralCode
from referrals.selectors import lines
from referrals.services import codes

FASTER = (advocates.EmailTaken, accounts.ExternalIdTaken)  # another call has let the friend join: they are found now


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Who placed the order, as the shop says; empty where it does not."""

    email: str = ""
    external_id: str = ""

    def __bool__(self) -> bool:
        return bool(self.email or self.external_id)


def find(*, business: Business, named: Named, visitor: bytes | None = None) -> Advocate | None:
    """The friend by the shop's own id, else by e-mail address, else by an earlier order of the same visitor."""
    people = Advocate.objects.for_business(business).with_account()
    by_id = people.filter(external_id=named.external_id).first() if named.external_id else None
    by_email = people.with_email(named.email).first() if by_id is None and named.email else None
    if named or visitor is None:
        return by_id or by_email
    orders = Conversion.objects.for_business(business).filter(visitor_hash=visitor, friend__isnull=False)
    friend_id = orders.order_by("-created_at").values_list("friend_id", flat=True).first()
    return people.filter(pk=friend_id).first() if friend_id else None


def join(*, business: Business, named: Named) -> Advocate:
    """Let a friend whom nobody knows yet join the programme.

    :raises FASTER: if another call was faster
    """
    return advocates.create(business=business, email=named.email or None, external_id=named.external_id or None)


def lock(*, business: Business, account_ids: Iterable[UUID | None]) -> None:
    """Lock all the accounts that a use case will touch: once, sorted by id, before anything else."""
    wanted = {id for id in account_ids if id is not None}
    rows = Account.objects.for_business(business).filter(pk__in=wanted).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))


@transaction.atomic(savepoint=False)
def bring(*, code: ReferralCode, friend_id: UUID, now: datetime) -> None:
    """Remember who brought a friend, and tell it, unless someone else did before, or it was the friend who did.

    The caller has locked both accounts.
    """
    lines.lock(code.business)
    if friend_id == code.advocate_id or lines.is_above(friend_id, code.advocate_id, business=code.business):
        return
    row = Referral(business=code.business, code=code, friend_id=friend_id, created_at=now)
    Referral.objects.bulk_create([row], ignore_conflicts=True)
    if Referral.objects.for_business(code.business).filter(pk=row.pk).exists():
        feed.record([events.started(row)], now=now)


def join_by_code(advocate: Advocate, code: str) -> None:
    """Somebody joins and names the code of a friend.

    :raises NotFound: if the business has no such code
    """
    business = advocate.business
    found = codes.find(business=business, code=code, field="referralCode")
    lock(business=business, account_ids=[found.advocate_id])
    bring(code=found, friend_id=advocate.pk, now=clock.now(business))


def same(friend: Advocate | None, named: Named, visitor: bytes | None) -> Q | None:
    """Conversions of the same friend; None when nobody can tell."""
    if friend is not None:
        return Q(friend=friend)
    if named.email:
        return Q(friend_email=named.email)
    if named.external_id:
        return Q(friend_external_id=named.external_id)
    return None if visitor is None else Q(visitor_hash=visitor)
