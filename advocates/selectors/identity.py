"""Who an id or an address means: also the ids that were mapped to a person, and those of merged advocates."""

from advocates.models import Advocate, SsoMapping
from advocates.models.advocates import AdvocateQuerySet
from loyalty.models import Account, Business
from loyalty.selectors import merges


def by_external_id(*, business: Business, external_id: str) -> Advocate | None:
    """The person whom the merchant means by this id."""
    people = _people(business)
    found = people.filter(external_id=external_id).first()
    if found is None:
        mapped = SsoMapping.objects.for_business(business).filter(external_customer_id=external_id)
        found = people.filter(pk__in=mapped.values("advocate_id")).first()
    return _at_home(business, found)


def by_email(*, business: Business, email: str) -> Advocate | None:
    """The person with this address, in any case."""
    return _at_home(business, _people(business).with_email(email).first())


def _people(business: Business) -> AdvocateQuerySet:
    return Advocate.objects.for_business(business).select_related("account")


def _at_home(business: Business, found: Advocate | None) -> Advocate | None:
    if found is None or found.account.status != Account.Status.MERGED:
        return found
    return _people(business).get(pk=merges.home_of(found.pk))
