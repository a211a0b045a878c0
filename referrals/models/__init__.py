from referrals.models.clicks import Click
from referrals.models.codes import ReferralCode
from referrals.models.conversions import Conversion
from referrals.models.programmes import ReferralProgramme
from referrals.models.referrals import Referral
from referrals.models.shares import ShareProgress

__all__ = ["Click", "Conversion", "Referral", "ReferralCode", "ReferralProgramme", "ShareProgress"]
