"""What earn rules hold of a person: how often each one with a limit has paid."""

from dataclasses import replace

from loyalty.models import EarnRuleUse
from loyalty.services.personal_data import of_rows
from loyalty.services.quest_people import moved_by, nothing_to_erase

USES = moved_by(
    replace(
        of_rows(EarnRuleUse, name="earned", exported=("rule_id", "period", "times"), erased=None),
        erase=nothing_to_erase,
    ),
    EarnRuleUse,
    *("rule_id", "period"),
)
