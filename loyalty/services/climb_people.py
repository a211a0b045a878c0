"""What ladders hold of a person: where they stand, and which steps they ever rose to."""

from dataclasses import replace

from loyalty.models import Arrival, Climb
from loyalty.services.holdings import stay
from loyalty.services.personal_data import of_rows
from loyalty.services.quest_people import moved_by, nothing_to_erase

CLIMBS = replace(
    of_rows(
        Climb, name="ladders", exported=("set__key", "milestone__key", "base", "period_from", "period_to"), erased=None
    ),
    erase=nothing_to_erase,
    move=stay,  # a merge adds what counts; where somebody stands follows from that
)
ARRIVALS = moved_by(
    replace(
        of_rows(
            Arrival,
            name="milestones",
            exported=("milestone__set__key", "milestone__key", "refusal", "created_at"),
            erased=None,
        ),
        erase=nothing_to_erase,
    ),
    Arrival,
    "milestone_id",
)
ALL = (CLIMBS, ARRIVALS)
