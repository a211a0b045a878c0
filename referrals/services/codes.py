"""Codes are made and found here."""

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from advocates.models import Advocate
from loyalty.kernel import clock, crypto
from loyalty.kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import Account, Business
from referrals.models import ReferralCode
from referrals.models.codes import code_is_sane
from referrals.services import signals

MADE_LENGTH = 10  # about 49 bits: nobody guesses it, and no two are the same
SUFFIX_LENGTH = 6


class CodeTaken(Conflict):
    def __init__(self) -> None:
        super().__init__("Another advocate of this business has this code. Choose another one.", field="code")


class _LinkTaken(Exception):
    pass


@transaction.atomic
def create(
    *, business: Business, advocate_id: UUID, code: str | None = None, seen: signals.Signals = signals.NONE
) -> ReferralCode:
    """Give an advocate a code: the chosen one, or one that is made up. Their first one becomes their default.

    :param seen: what is known of the advocate's own device
    :raises NotFound: if the business has no such advocate
    :raises Invalid: if the code has other characters than a link can carry
    :raises CodeTaken: if the code is in use, in any case
    """
    _lock(business, advocate_id)
    if code is not None:
        check(code)
    text = code or crypto.new_code(MADE_LENGTH)
    mine = ReferralCode.objects.for_business(business).filter(advocate_id=advocate_id)
    row = ReferralCode(
        business=business,
        advocate_id=advocate_id,
        code=text,
        # A sandbox takes no name away from the live business.
        link_name=_suffixed(text) if code and business.is_sandbox else text,
        is_chosen=code is not None,
        is_default=not mine.filter(is_default=True).exists(),
        address_hash=seen.address,
        agent_hash=seen.agent,
        created_at=clock.now(business),
    )
    try:
        _insert(row)
    except _LinkTaken:  # by another business, which has the same code
        row.link_name = _suffixed(text)
        _insert(row)
    return row


@transaction.atomic
def default(*, business: Business, advocate_id: UUID) -> ReferralCode:
    """The code of an advocate's own link; who has none yet is given one.

    :raises NotFound: if the business has no such advocate
    """
    mine = ReferralCode.objects.for_business(business).filter(advocate_id=advocate_id, is_default=True)
    found = mine.first()
    if found is None:
        _lock(business, advocate_id)
        found = mine.first()  # another call may have been faster
    return found or create(business=business, advocate_id=advocate_id)


def find(*, business: Business, code: str, field: str = "code", locked: bool = False) -> ReferralCode:
    """The code in any spelling of capitals; locked, its clicks are counted one after the other.

    :raises NotFound: naming `field`, if the business has no such code
    """
    rows = ReferralCode.objects.for_business(business).spelled(code)
    row = (rows.select_for_update(no_key=True) if locked else rows).first()
    if row is None:
        raise NotFound("referral code", field=field)
    row.business = business
    return row


def check(code: str) -> None:
    """:raises Invalid: if a link cannot carry the code"""
    try:
        code_is_sane(code)
    except ValidationError as error:
        raise Invalid(f"code: {error.messages[0]}", field="code") from error


def _lock(business: Business, advocate_id: UUID) -> None:
    """So that two first codes of one person do not both become the default."""
    account = Account.objects.for_business(business).filter(pk=advocate_id).select_for_update(no_key=True).first()
    if account is None or not Advocate.objects.for_business(business).filter(pk=advocate_id).exists():
        raise NotFound("advocate", field="advocateId")


def _insert(row: ReferralCode) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if "one_referral_code_per_spelling" in str(error):
            raise CodeTaken from error
        if "one_referral_link_per_name" in str(error):
            raise _LinkTaken from error
        raise


def _suffixed(code: str) -> str:
    return f"{code}.{crypto.new_code(SUFFIX_LENGTH)}"
