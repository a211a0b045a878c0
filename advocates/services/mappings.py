"""More ids by which a merchant knows a person: of another shop, of another system."""

from uuid import UUID

from django.db import IntegrityError, transaction

from advocates.models import Advocate, SsoMapping
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.models import Account, Business
from loyalty.services import accounts

STAYS = (Account.Status.MERGED, Account.Status.ERASED)


class MappingTaken(Conflict):
    def __init__(self) -> None:
        super().__init__("Somebody of this business has this id already.", field="externalCustomerId")


class AdvocateGone(Conflict):
    def __init__(self) -> None:
        super().__init__("This advocate is merged or erased, and stays as it is.")


@transaction.atomic
def create(
    *,
    business: Business,
    advocate_id: UUID,
    external_customer_id: str,
    external_email: str = "",
    external_name: str = "",
) -> SsoMapping:
    """Let one more id of the merchant's mean this person.

    :raises NotFound: if the business has no such advocate
    :raises AdvocateGone: if the person is merged or erased
    :raises MappingTaken: if the id means somebody already, be it the same person
    """
    account = accounts.lock(business=business, account_ids=[advocate_id]).get(advocate_id)
    if account is None or not Advocate.objects.for_business(business).filter(pk=advocate_id).exists():
        raise NotFound("advocate", field="advocateId")
    if account.status in STAYS:
        raise AdvocateGone
    try:
        with transaction.atomic():
            return SsoMapping.objects.create(
                business=business,
                advocate_id=advocate_id,
                external_customer_id=external_customer_id,
                external_email=external_email,
                external_name=external_name,
                created_at=clock.now(business),
            )
    except IntegrityError as error:
        if "per_external_id" in str(error):
            raise MappingTaken from error
        raise
