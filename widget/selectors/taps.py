"""What somebody may tap, as the hosted page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from loyalty.api.taps import TapShape
from loyalty.models import Business
from loyalty.selectors import taps


@dataclass(frozen=True, slots=True)
class Game:
    """A programme. `state` is what the Loyalty API says of it, which the page's script goes on from."""

    title: str
    metric: str
    per_tap: int
    energy: int
    maximum: int
    is_active: bool
    state: str


def games(*, business: Business, account_id: UUID) -> Sequence[Game]:
    """The Tap to Earn programmes that are for somebody, paused ones last."""
    return [_game(standing) for standing in taps.standings(business=business, account_id=account_id)]


def _game(standing: taps.Standing) -> Game:
    row = standing.programme
    return Game(
        title=row.title,
        metric="points" if row.pays.key == "points" else row.pays.title,
        per_tap=row.per_tap,
        energy=standing.energy,
        maximum=row.energy,
        is_active=standing.is_active,
        state=msgspec.json.encode(TapShape.of(standing)).decode(),
    )
