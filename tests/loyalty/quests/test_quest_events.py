"""What webhooks and the feed say of quests."""

import json

import pytest

from loyalty.models import Event, EventBody
from loyalty.services import publication
from tests.loyalty.quests.conftest import do, tasks_of
from webhooks.services.topics import EXAMPLES


@pytest.fixture
def told(acme, welcome, ada):
    """The published bodies of a whole quest, by topic."""
    outcomes = [do(welcome, ada, number) for number in (0, 1)]
    publication.publish()
    rows = EventBody.objects.for_business(acme).exclude(event__topic="customers/joined").order_by("event__sequence")
    return outcomes, [json.loads(bytes(row.body)) for row in rows]


def test_happen_in_this_order(told):
    _, bodies = told

    assert [body["type"] for body in bodies] == [
        *("tasks/completed", "points/earned"),
        *("tasks/completed", "quests/completed", "points/earned", "points/earned"),
    ]


def test_of_a_task(told, welcome, ada):
    (first, _), bodies = told
    data = bodies[0]["data"]

    assert data.pop("customer")["email"] == "ada@example.com"
    assert data == {
        "id": str(first.completion.pk),
        "questId": str(welcome.pk),
        "questKey": "welcome",
        "taskId": str(tasks_of(welcome)[0].pk),
        "taskKey": "say-hello",
        "completedAt": bodies[0]["created"],
    }


def test_of_a_quest(told, welcome):
    _, bodies = told
    data = bodies[3]["data"]

    said = {"questId": str(welcome.pk), "questKey": "welcome", "completedAt": bodies[3]["created"]}
    assert data | said == data


@pytest.mark.parametrize("topic", ["tasks/completed", "quests/completed"])
def test_have_the_fields_of_their_example(told, topic):
    _, bodies = told
    data = next(body["data"] for body in bodies if body["type"] == topic)

    assert data.keys() == EXAMPLES[topic].keys()


def test_of_points_name_the_quest_as_their_rule(told, welcome):
    _, bodies = told

    earned = [body["data"] for body in bodies if body["type"] == "points/earned"]
    assert {data["ruleId"] for data in earned} == {str(welcome.pk)}
    assert [data["action"] for data in earned] == ["task", "task", "quest"]


def test_hold_no_text(acme, told):
    facts = json.dumps(list(Event.objects.for_business(acme).values_list("facts", flat=True)))

    assert "Say hello" not in facts
    assert "Welcome" not in facts
