"""People as they are once what was due to them is posted: reading posts it."""

from uuid import UUID

from advocates.selectors import profiles
from advocates.selectors.profiles import Profile
from loyalty.models import Business
from loyalty.services import ledger


def profile(*, business: Business, advocate_id: UUID) -> Profile:
    """One person, as `profiles.profile`; read once more only where something was due.

    :raises NotFound: if the business has no such advocate
    """
    found = profiles.profile(business=business, advocate_id=advocate_id)
    if not found.points.is_due:
        return found
    ledger.settle(business_id=business.pk, account_id=advocate_id)
    return profiles.profile(business=business, advocate_id=advocate_id)
