"""What Hold to Earn holds of a person: what they have accrued, and what was posted of it."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.db.models import F

from loyalty.models import Business, HoldAccrual
from loyalty.services.personal_data import of_rows
from loyalty.services.quest_people import moved_by, nothing_to_erase

ROWS = moved_by(
    replace(
        of_rows(HoldAccrual, name="accruals", exported=("programme__key", "parts", "posting__points"), erased=None),
        erase=nothing_to_erase,
    ),
    HoldAccrual,
    "programme_id",
)


def move(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """Of a programme that both are in, the parts that were not posted go over to the other's row, and stay there."""
    moved = ROWS.move(business, source, target, only)
    if only is None:
        rows = HoldAccrual.objects.for_business(business)
        theirs = rows.filter(account_id=source).with_posted().filter(waiting__gt=0)
        for left in theirs.select_for_update(of=("self",)).order_by("pk"):
            twin = rows.filter(account_id=target, programme_id=left.programme_id)
            twin.update(parts=F("parts") + left.waiting)
            rows.filter(pk=left.pk).update(parts=F("parts") - left.waiting)
    return moved


ACCRUALS = replace(ROWS, move=move)
