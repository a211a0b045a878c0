"""What stamp cards hold of a person: what their stamps have brought. The stamps themselves the ledger has."""

from dataclasses import replace

from loyalty.models import StampReward
from loyalty.services.personal_data import of_rows
from loyalty.services.quest_people import moved_by, nothing_to_erase

REWARDS = moved_by(
    replace(
        of_rows(
            StampReward,
            name="stampRewards",
            exported=("card__key", "stamp", "slot", "refusal", "created_at"),
            erased=None,
        ),
        erase=nothing_to_erase,
    ),
    StampReward,
    *("card_id", "stamp"),
)
