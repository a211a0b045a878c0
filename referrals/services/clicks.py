"""Visits are counted here: every one, and each visitor once a day."""

from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from loyalty.kernel import clock
from loyalty.models import Business
from referrals.models import Click, ReferralCode
from referrals.services import codes
from referrals.services.signals import Signals

LONGEST_LANDING = 500


@transaction.atomic
def track(*, business: Business, code: str, seen: Signals, landing_url: str = "") -> None:
    """Count a visit that the shop saw.

    :raises NotFound: if the business has no such code
    """
    count(codes.find(business=business, code=code, locked=True), seen, landing=_page(landing_url))


def count(code: ReferralCode, seen: Signals, *, landing: str = "") -> None:
    """Count a visit through a code that the caller has locked: its visits come one after the other.

    Who came by the short link is met again by the shop, under its own id of them: that is one visit.
    """
    now = clock.now(code.business)
    today = Click.objects.for_business(code.business).filter(code=code, day=_day(code, now))
    known = today.filter(visitor_hash=seen.visitor or seen.device).first()
    by_link = today.filter(visitor_hash=seen.device).first() if known is None and seen.visitor else None
    if by_link is not None:
        by_link.visitor_hash, by_link.landing = seen.visitor or b"", landing
        by_link.save(update_fields=["visitor_hash", "landing"])
        return
    if known is not None:
        today.filter(pk=known.pk).update(hits=F("hits") + 1)
    else:
        Click.objects.create(
            business=code.business,
            code=code,
            visitor_hash=seen.visitor or seen.device,
            address_hash=seen.address,
            agent_hash=seen.agent,
            landing=landing,
            day=_day(code, now),
            created_at=now,
        )
    ReferralCode.objects.for_business(code.business).filter(pk=code.pk).update(clicks=F("clicks") + 1)


def _day(code: ReferralCode, now: datetime) -> date:
    return now.astimezone(ZoneInfo(code.business.timezone)).date()


def _page(url: str) -> str:
    """A page without its query and fragment, in which shops keep what names people."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(query="", fragment="").geturl()[:LONGEST_LANDING]
