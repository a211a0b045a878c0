"""What memberships hold of a person besides the segments that they are in: which they ever joined."""

from dataclasses import replace

from loyalty.models import Admission
from loyalty.services.personal_data import of_rows
from loyalty.services.quest_people import moved_by, nothing_to_erase

ADMISSIONS = moved_by(
    replace(
        of_rows(Admission, name="memberships", exported=("segment__key", "refusal", "created_at"), erased=None),
        erase=nothing_to_erase,
    ),
    Admission,
    "segment_id",
)
