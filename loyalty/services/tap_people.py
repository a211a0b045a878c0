"""What Tap to Earn holds of a person: their energy, and what they have tapped."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Greatest, Least

from loyalty.models import Business, TapMeter
from loyalty.services.personal_data import of_rows
from loyalty.services.quest_people import moved_by, nothing_to_erase

ROWS = moved_by(
    replace(
        of_rows(
            TapMeter, name="taps", exported=("programme__key", "taps", "earned", "energy", "energy_at"), erased=None
        ),
        erase=nothing_to_erase,
    ),
    TapMeter,
    "programme_id",
)


def move(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """Of a programme that both are in, who they are together has the emptier energy, and both days' points."""
    moved = ROWS.move(business, source, target, only)
    if only is None:
        rows = TapMeter.objects.for_business(business)
        for left in rows.filter(account_id=source).order_by("pk"):
            theirs = rows.filter(account_id=target, programme_id=left.programme_id)
            theirs.update(
                energy=Least("energy", left.energy),
                energy_at=Greatest("energy_at", left.energy_at),
                pace=Least("pace", left.pace),
                pace_at=Greatest("pace_at", left.pace_at),
            )
            theirs.filter(day=left.day).update(today=F("today") + left.today)
            theirs.filter(day__lt=left.day).update(day=left.day, today=left.today)
    return moved


METERS = replace(ROWS, move=move)
