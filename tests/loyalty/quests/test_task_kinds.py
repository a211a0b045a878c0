"""What each type of task accepts and refuses. A new kind fails here until it has its rows."""

import pytest
from msgspec import structs

from loyalty.kernel.errors import Invalid
from loyalty.services.kinds.tasks import KINDS, kind_of
from loyalty.services.quest_rules import Condition, Sum, TaskRules

KM = Condition(field="km", operator=">=", value=2)
COUNTING = [
    {"target": 3},
    {"conditions": [KM]},
    {"measure": "days"},
    {"measure": Sum(sum="km")},
    {"once_per_day": True},
]

# Its own trigger, whether a call may complete it, whether people hand something in.
TABLE = {
    "event": (None, False, False),
    "manual": (None, True, False),
    "proof": (None, True, True),
    "social": ("social_visit", True, False),
    "survey": ("survey_answered", True, False),
    "testimonial": ("testimonial_approved", True, False),
    "referral": ("referral_converted", True, False),
}
AT_A_WORD = ["manual", "proof"]
LISTENING = [type for type, (trigger, _, _) in TABLE.items() if trigger]


def checked(type, **said):
    return kind_of(type).checked(TaskRules(title="Do it", type=type, **said), field="tasks.0")


def refused(type, **said):
    with pytest.raises(Invalid) as error:
        checked(type, **said)
    return error.value.field


def test_every_kind_has_a_row():
    assert TABLE.keys() == KINDS.keys()


@pytest.mark.parametrize("type", TABLE)
def test_says_who_may_complete_it(type):
    kind, (_, by_call, takes_proof) = KINDS[type], TABLE[type]

    assert (by_call, takes_proof) == (kind.BY_CALL, kind.TAKES_PROOF)
    assert kind.TITLE


@pytest.mark.parametrize("type", AT_A_WORD)
@pytest.mark.parametrize("said", [{"trigger": "ride_completed"}, *COUNTING])
def test_done_at_a_word_counts_nothing(type, said):
    (name,) = said

    assert refused(type, **said) == "tasks.0." + ("oncePerDay" if name == "once_per_day" else name)


@pytest.mark.parametrize("type", LISTENING)
def test_listens_to_its_own_event(type):
    trigger = TABLE[type][0]

    assert checked(type).trigger == checked(type, trigger=trigger).trigger == trigger
    assert refused(type, trigger="ride_completed") == "tasks.0.trigger"


def test_of_events_names_its_trigger():
    assert refused("event") == "tasks.0.trigger"
    assert checked("event", trigger="ride_completed").trigger == "ride_completed"


@pytest.mark.parametrize("type", [*LISTENING, "event"])
@pytest.mark.parametrize("said", COUNTING)
def test_counts_what_it_listens_to(type, said):
    trigger = TABLE[type][0] or "ride_completed"
    kept = checked(type, trigger=trigger, **said)

    assert structs.asdict(kept) | said == structs.asdict(kept)


@pytest.mark.parametrize(
    ("operator", "value"),
    [("equals", None), (">", [1]), ("in", "a"), ("not_in", None), ("exists", True), ("not_exists", [1])],
)
def test_refuses_a_condition_that_means_nothing(operator, value):
    condition = Condition(field="km", operator=operator, value=value)

    assert refused("event", trigger="ride", conditions=[KM, condition]) == "tasks.0.conditions.1.value"


@pytest.mark.parametrize("trigger", ["testimonial_submitted", "testimonial_approved", "survey_answered"])
@pytest.mark.parametrize("name", ["rating", "Score", "stars"])
def test_no_kind_rewards_praise(trigger, name):
    praised = Condition(field=name, operator=">=", value=4)

    assert refused("event", trigger=trigger, conditions=[KM, praised]) == "tasks.0.conditions.1.field"
    assert refused("event", trigger=trigger, measure=Sum(sum=name)) == "tasks.0.measure.sum"
    assert checked("event", trigger="film_seen", conditions=[praised]).conditions == [praised]


def test_a_kind_about_opinions_rewards_no_praise():
    praised = [Condition(field="rating", operator="exists")]

    for type in ("survey", "testimonial"):
        assert refused(type, conditions=praised) == "tasks.0.conditions.0.field"
