"""Whoever does something in a programme: one of its people, one thing at a time."""

from uuid import UUID

from django.db.models import Exists, OuterRef

from advocates.models import Advocate
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.models import Account, Business


class NotActive(Conflict):
    def __init__(self) -> None:
        super().__init__("This advocate is blocked, merged or erased, and cannot take part.", field="advocateId")


def lock(*, business: Business, advocate_id: UUID) -> Account:
    """Lock a person's account until the commit: what they do happens in a row, and they are not merged meanwhile.

    :raises NotFound: if the business has no such advocate
    :raises NotActive: if they are blocked, merged or erased
    """
    profile = Advocate.objects.for_business(business).filter(pk=OuterRef("pk"))
    accounts = Account.objects.for_business(business).filter(Exists(profile), pk=advocate_id)
    account = accounts.select_for_update(no_key=True).first()
    if account is None:
        raise NotFound("advocate", field="advocateId")
    if account.status != Account.Status.ACTIVE:
        raise NotActive
    return account
