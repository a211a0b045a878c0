"""What Hold to Earn holds of a person: what they have accrued, and what was posted of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import F

from loyalty.models import Business, HoldAccrual, HoldProgramme
from loyalty.services.personal_data import of_rows
from loyalty.services.quest_people import moved_by, nothing_to_erase

ROWS = moved_by(
    replace(of_rows(HoldAccrual, name="accruals", exported=(), erased=None), erase=nothing_to_erase),
    HoldAccrual,
    "programme_id",
)


def export(business: Business, account_id: UUID) -> Any:
    """`parts` are those that wait; `posted` is in points."""
    rows = HoldAccrual.objects.for_business(business).filter(account_id=account_id).with_posted().order_by("pk")
    return [
        {"programmeKey": key, "parts": waiting, "posted": posted}
        for key, waiting, posted in rows.values_list("programme__key", "waiting", "posted")
    ]


def move(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """Of a programme that both are in, the parts that wait go over to the other's row, and stay there."""
    _let_no_minute_begin(business, source)
    moved = ROWS.move(business, source, target, only)
    if only is None:
        rows = HoldAccrual.objects.for_business(business)
        theirs = rows.filter(account_id=source).with_posted().filter(waiting__gt=0)
        for left in theirs.select_for_update(of=("self",)).order_by("pk"):
            twin = rows.filter(account_id=target, programme_id=left.programme_id)
            twin.update(parts=F("parts") + left.waiting)
            rows.filter(pk=left.pk).update(parts=F("parts") - left.waiting)
    return moved


def _let_no_minute_begin(business: Business, source: UUID) -> None:
    """Sharing one out locks accruals in any order: whoever locks several could wait for it, and it for them."""
    theirs = HoldAccrual.objects.for_business(business).filter(account_id=source).values("programme_id")
    programmes = HoldProgramme.objects.for_business(business).filter(pk__in=theirs)
    list(programmes.select_for_update(no_key=True).order_by("pk").values_list("pk"))


ACCRUALS = replace(ROWS, export=export, move=move)
