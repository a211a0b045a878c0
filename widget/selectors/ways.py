"""Ways to earn that have a page of their own, for whom and while there are any."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from loyalty.models import Business
from loyalty.selectors import taps
from widget.selectors import invitations


@dataclass(frozen=True, slots=True)
class Way:
    """The section of a page, and what it is about."""

    section: str
    title: str
    text: str


def ways(*, business: Business, account_id: UUID) -> list[Way]:
    return [*_tapping(business, account_id), *_bringing(business)]


def _tapping(business: Business, account_id: UUID) -> Iterator[Way]:
    active = [one for one in taps.standings(business=business, account_id=account_id) if one.is_active]
    if active:
        energy, most = sum(one.energy for one in active), sum(one.programme.energy for one in active)
        yield Way("tap", "Tap and earn", f"{energy:,} of {most:,} energy")


def _bringing(business: Business) -> Iterator[Way]:
    promise = invitations.promise(business)
    if promise.is_open:
        yield Way("referrals", "Bring friends", promise.yours or promise.share)
