"""Which web origins belong to a business: its shop's pages, which may frame its widget and call browser APIs."""

import re

from loyalty.kernel.recent import Recent
from loyalty.models import Business

# No wildcard, no path, and nothing that could end a directive of a Content-Security-Policy.
ORIGIN = re.compile(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")


def origins_of(business: Business) -> list[str]:
    """The business's origins, as far as they are spelt as browsers spell them."""
    return [origin for origin in business.allowed_origins if ORIGIN.fullmatch(origin)]


def is_known(origin: str) -> bool:
    """Whether an active business lists the origin."""
    return bool(ORIGIN.fullmatch(origin) and _listed.get(origin))


def forget() -> None:
    """Look up every origin anew."""
    _listed.clear()


def _find(origin: str) -> bool | None:
    businesses = Business.objects.filter(status=Business.Status.ACTIVE, allowed_origins__contains=[origin])
    return businesses.exists() or None


_listed = Recent(_find)
