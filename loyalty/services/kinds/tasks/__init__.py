"""What a type of task means: one module per kind, all with the same names, and no `if type ==` elsewhere.

How to add a kind:

1. Write `loyalty/services/kinds/tasks/<type>.py` with the names of `Kind`: start from the one that is nearest.
2. Add it to `KINDS` below. The API, its schema, the dashboard and the programme know it from there; a task's type is
   no enumeration in the database, so there is no migration.
3. Add what it accepts and refuses to the tables in `tests/loyalty/test_task_kinds.py`; a kind without a row fails
   there.
4. Add its row to the table in `docs/developers/quests.md`.
"""

from collections.abc import Mapping
from typing import Protocol

from loyalty.kernel.errors import Invalid
from loyalty.services.kinds.tasks import event, manual, proof, referral, social, survey, testimonial
from loyalty.services.quest_rules import TaskRules


class Kind(Protocol):
    TITLE: str  # for people
    BY_CALL: bool  # whether a call may say that it is done
    TAKES_PROOF: bool  # whether people hand something in

    def checked(self, task: TaskRules, *, field: str) -> TaskRules:
        """The task as it is kept, with the trigger that this kind stands for.

        :raises Invalid: naming the field of `field` that means nothing here
        """


KINDS: Mapping[str, Kind] = {
    "event": event,
    "manual": manual,
    "proof": proof,
    "social": social,
    "survey": survey,
    "testimonial": testimonial,
    "referral": referral,
}


def kind_of(type: str, *, field: str = "type") -> Kind:
    """:raises Invalid: if there is no such kind"""
    if type not in KINDS:
        raise Invalid(f"There is no type {type!r}. Use one of: {', '.join(KINDS)}.", field=field)
    return KINDS[type]
