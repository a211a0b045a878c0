"""The rules in force."""

from loyalty.models import Business
from referrals.models import ReferralProgramme


def current(business: Business) -> ReferralProgramme:
    """The business's own rules, or the defaults, which are not saved."""
    saved = ReferralProgramme.objects.for_business(business).first()
    return saved or ReferralProgramme(business=business, currency=business.currency)
