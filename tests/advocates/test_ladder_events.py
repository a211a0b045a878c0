"""What webhooks say of people on ladders: each example has the fields of what is really sent."""

import pytest

from loyalty import events
from loyalty.models import Event
from tests.loyalty.climbers import points, put, rungs
from webhooks.services.topics import EXAMPLES


@pytest.fixture
def said(acme, ada, give):
    """The published data of what happened when Ada rose on two ladders, by topic."""
    put(acme, rungs(bronze=0, silver=points(1_000, 100)), key="tiers", is_tier=True)
    put(acme, rungs(tourist=500), key="riders", keep=True)
    give(ada, 1_000)

    def of(topic):
        event = Event.objects.for_business(acme).get(topic=topic)
        data = {}
        for describe in events.describers_of(topic):
            data |= describe(acme, [event]).get(event.pk, {})
        return data

    return of


@pytest.mark.parametrize(
    "topic", ["customers/tier_changed", "customers/tier_entry_reward_earned", "customers/milestone_changed"]
)
def test_has_the_fields_of_its_example(said, topic):
    assert said(topic).keys() == EXAMPLES[topic].keys()


def test_names_ladder_and_steps_by_their_keys(said):
    data = said("customers/milestone_changed")

    assert (data["milestoneSet"], data["oldMilestone"]) == ("riders", None)
    assert data["newMilestone"] == {"id": "tourist", "title": "Tourist"}


def test_says_what_a_tier_gave(said):
    data = said("customers/tier_entry_reward_earned")

    assert (data["tier"]["title"], data["points"]) == ("Silver", 100)
    assert said("customers/tier_changed")["newTier"] == data["tier"]
