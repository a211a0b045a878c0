"""Where links stand, and where they lead."""

import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from loyalty.models import Business
from referrals.models import ReferralCode

PARAMETER = "ref"  # the only thing that a link leaves behind, in the shop's own address

# As browsers spell them: no user, no path, nothing that they would mend into another host.
ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
PLAIN = re.compile(r"[!-\[\]-~]{1,2000}")  # visible ASCII without the backslash, which browsers read as a slash


def url_of(code: ReferralCode) -> str:
    return f"{settings.PUBLIC_URL}/r/{code.link_name}"


def default_urls(business: Business, advocate_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """The link of each advocate's default code."""
    codes = ReferralCode.objects.for_business(business).filter(advocate_id__in=advocate_ids, is_default=True)
    return {code.advocate_id: url_of(code) for code in codes.only("advocate_id", "link_name")}


def destination(business: Business, *, code: str, to: str = "") -> str | None:
    """The page that a link leads to: `to` if it lies on one of the business's origins, else the first of those."""
    origins = [origin for origin in business.allowed_origins if ORIGIN.fullmatch(origin)]
    if not origins:
        return None
    return _with_code(to if _lies_on(origins, to) else f"{origins[0]}/", code)


def _lies_on(origins: Collection[str], url: str) -> bool:
    """Behind the whole origin comes a path, a query, a fragment or nothing: no `@`, no dot, no other port."""
    return bool(PLAIN.fullmatch(url)) and any(
        url == origin or url.startswith((f"{origin}/", f"{origin}?", f"{origin}#")) for origin in origins
    )


def _with_code(url: str, code: str) -> str:
    parts = urlsplit(url)
    kept = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] != PARAMETER]
    return parts._replace(query="&".join([*kept, f"{PARAMETER}={code}"])).geturl()
