"""People join, change, and are found again by the merchant's own id."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Unpack
from uuid import UUID

from django.db import IntegrityError, transaction

from advocates import events as news
from advocates.models import Advocate
from advocates.selectors import identity
from advocates.services import bringing, details, loyalty_cards
from advocates.services.details import Changes, Details
from advocates.services.mappings import STAYS, AdvocateGone
from loyalty import events
from loyalty.kernel import clock, tries
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.models import Account, Business
from loyalty.selectors import merges
from loyalty.services import accounts

SEEN_EVERY = timedelta(minutes=1)


class EmailTaken(Conflict):
    def __init__(self) -> None:
        super().__init__("Another person of this business has this e-mail address.", field="email")


@transaction.atomic
def create(
    *,
    business: Business,
    referral_code: str | None = None,
    since: datetime | None = None,
    is_new: bool = True,
    **given: Unpack[Details],
) -> Advocate:
    """Let a person join the programme, brought by the friend whose code they name.

    :param since: when the merchant got to know them, if not just now
    :param is_new: whether rules pay for their coming
    :raises Invalid: if a detail makes no sense
    :raises accounts.ExternalIdTaken: if someone has the external id
    :raises EmailTaken: if someone has the e-mail address
    :raises NotFound: if the business has no such referral code
    """
    now = clock.now(business)
    advocate = Advocate(business=business, account=Account(), created_at=min(since or now, now), updated_at=now)
    details.apply(given, to=advocate, today=now.date())

    advocate.account = accounts.open_account(
        business=business, external_id=advocate.external_id, timezone=advocate.account.timezone
    )
    advocate.pk = advocate.account.pk
    loyalty_cards.put_on([advocate])
    _save(advocate)
    events.record([news.joined(advocate, is_new=is_new)], now=now)
    if referral_code is not None:
        bringing.brought(advocate, code=referral_code)
    return advocate


@transaction.atomic
def update(*, business: Business, advocate_id: UUID, **given: Unpack[Changes]) -> Advocate:
    """Change what is known of a person. What is not named stays.

    :raises NotFound: if the business has no such advocate, or tier
    :raises AdvocateGone: if the person is merged or erased
    :raises Invalid, accounts.ExternalIdTaken, EmailTaken: as `create`
    """
    advocate = _locked(business, advocate_id)
    if advocate.account.status in STAYS:
        raise AdvocateGone
    if "tier" in given:
        accounts.set_tier(business=business, account_id=advocate_id, tier_key=given.pop("tier"))
        advocate.account.refresh_from_db()
    now = clock.now(business)
    changed = details.apply(given, to=advocate, today=now.date())
    if not changed:
        return advocate

    _take_over(business, advocate, changed)
    if "external_id" in changed:
        accounts.set_external_id(business=business, account_id=advocate.pk, external_id=advocate.external_id)
        advocate.account.external_id = advocate.external_id
    if "timezone" in changed:
        advocate.account.save(update_fields=["timezone"])
    advocate.updated_at = now
    _save(advocate, update_fields=[field for field in (*changed, "updated_at") if field != "timezone"])
    events.record([news.updated(advocate, changed)], now=now)
    return advocate


def find_or_create_by_external_id(
    *, business: Business, external_id: str, email: str | None = None, name: str = ""
) -> Advocate:
    """Answer the person whom the merchant knows by `external_id`; who is not known yet joins.

    An e-mail address of a person without an external id says that it is them; anybody else keeps theirs.

    :raises Invalid: if the external id or the e-mail address makes no sense
    """
    details.check({"external_id": external_id, "email": email, "name": name}, today=clock.now(business).date())
    # Whatever a faster call wrote is found when looking again.
    return tries.again(lambda: _find_or_create(business, external_id, email, name), on=Conflict, most=tries.FEW)


def put_by_external_id(*, business: Business, external_id: str, given: Details) -> Advocate:
    """Make details known of the person whom the merchant knows by `external_id`; who is not known yet joins.

    :raises Invalid, EmailTaken, AdvocateGone: as `update`
    """
    # Who was merged just now is found as whom they are by now.
    return tries.again(lambda: _put(business, external_id, given), on=AdvocateGone, most=tries.FEW)


def nameless(*, business: Business, email: str) -> Advocate | None:
    """Whoever has this address, if the merchant has no id of theirs: locked, so that nobody else gives them one."""
    holder = identity.by_email(business=business, email=email)
    if holder is None or holder.external_id is not None:
        return None
    held = _locked(business, holder.pk)
    return held if held.external_id is None else None


def touch(*, business: Business, advocate_id: UUID) -> None:
    """Remember that the person was here, to the minute."""
    now = clock.now(business)
    people = Advocate.objects.for_business(business).filter(pk=advocate_id)
    people.exclude(last_seen_at__gt=now - SEEN_EVERY).update(last_seen_at=now)


@transaction.atomic
def _put(business: Business, external_id: str, given: Details) -> Advocate:
    found = find_or_create_by_external_id(business=business, external_id=external_id, email=given.get("email"))
    return update(business=business, advocate_id=found.pk, **given)


@transaction.atomic
def _find_or_create(business: Business, external_id: str, email: str | None, name: str) -> Advocate:
    known = identity.by_external_id(business=business, external_id=external_id)
    if known:
        return known
    holder = identity.by_email(business=business, email=email) if email else None
    if holder is None:
        return create(business=business, external_id=external_id, email=email, name=name)
    if _locked(business, holder.pk).external_id is None:
        return update(business=business, advocate_id=holder.pk, external_id=external_id)
    return create(business=business, external_id=external_id, name=name)


def _locked(business: Business, advocate_id: UUID) -> Advocate:
    """Locks the account in a statement of its own, so that the next one sees what the last holder wrote."""
    accounts_here = Account.objects.for_business(business).filter(pk=advocate_id)
    account = accounts_here.select_for_update(no_key=True).first()
    advocate = Advocate.objects.for_business(business).filter(account=account).first() if account else None
    if account is None or advocate is None:
        raise NotFound("advocate")
    advocate.account = account
    return advocate


def _take_over(business: Business, advocate: Advocate, changed: Sequence[str]) -> None:
    """An address or id that an advocate brought into a merge becomes the person's own, once they ask for it."""
    names = [name for name in ("email", "external_id") if name in changed and getattr(advocate, name)]
    before = merges.merged_into(advocate.pk) if names else []
    for former in Advocate.objects.for_business(business).filter(pk__in=before):
        if "email" in names and (former.email or "").lower() == (advocate.email or "").lower():
            former.email = None
            former.save(update_fields=["email"])
        if "external_id" in names and former.external_id == advocate.external_id:
            accounts.set_external_id(business=business, account_id=former.pk, external_id=None)
            former.external_id = None
            former.save(update_fields=["external_id"])


def _save(advocate: Advocate, *, update_fields: Sequence[str] | None = None) -> None:
    try:
        with transaction.atomic():
            advocate.save(update_fields=update_fields)
    except IntegrityError as error:
        if "one_advocate_per_email" in str(error):
            raise EmailTaken from error
        if "one_person_per_external_id" in str(error):
            raise accounts.ExternalIdTaken from error
        raise
