"""The inventory in a person's own app, and what webhooks say of it."""

import json

import pytest

from loyalty.models import Event, EventBody, InventoryItem
from loyalty.services import publication, quests
from loyalty.services.quest_rules import Rules, TaskRules
from tests.loyalty.inventory.conftest import give, offer, take
from tests.loyalty.test_loyalty_api import app_of
from webhooks.services.topics import EXAMPLES

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(ada):
    return app_of(ada)


def data_of(app, path):
    return app.get(path).json()["data"]


def archive(item):
    InventoryItem.objects.filter(pk=item.pk).update(archived_at="2026-05-01T12:00:00Z")


class TestConfig:
    def test_shows_every_set_with_its_items(self, app, item, rider):
        item("Coin", stackable=True, media="https://cdn.example/coin.png")
        archive(item("Gone"))

        assert data_of(app, "/config")["inventory"] == [
            {
                "id": "badges",
                "title": "Badges",
                "items": [
                    {"id": "coin", "title": "Coin", "media": "https://cdn.example/coin.png"},
                    {"id": "rider", "title": "Rider", "media": None},
                ],
            }
        ]

    def test_shows_nothing_of_another_business(self, eve, rider):
        assert data_of(app_of(eve), "/config")["inventory"] == []

    def test_shows_the_badge_that_a_challenge_gives(self, acme, app, coin):
        benefit = {"kind": "item", "set": "badges", "item": "coin", "quantity": 3}
        rules = Rules(tasks=[TaskRules(title="Ride", type="manual")], benefits=[benefit])
        quests.create(business=acme, title="Ride", rules=rules)

        assert data_of(app, "/config")["challenges"][0]["rewards"] == [
            {
                **{"type": "item", "metricId": None, "metricQuantity": None},
                **{"inventorySetId": "badges", "inventoryItemId": "coin", "inventoryQuantity": 3},
            }
        ]

    def test_costs_the_same_for_many_items(self, app, item, django_assert_max_num_queries):
        for number in range(10):
            item(f"Badge {number}")
        app.get("/config")

        with django_assert_max_num_queries(9):
            app.get("/config")


class TestProfile:
    def test_of_a_newcomer_is_empty(self, app, rider):
        profile = data_of(app, "/profile")

        assert (profile["inventory"], profile["quantities"]) == ({}, {})

    def test_names_each_item_once_and_says_how_many_there_are(self, app, ada, rider, coin):
        give(ada, coin, "q1", quantity=3)
        give(ada, rider, "q2")

        profile = data_of(app, "/profile")

        assert profile["inventory"] == {"badges": ["coin", "rider"]}
        assert profile["quantities"] == {"badges": {"coin": 3, "rider": 1}}

    def test_leaves_out_what_is_lost_archived_or_anothers(self, app, ada, bob, rider, coin, item):
        gone = item("Gone")
        for number, thing in enumerate((rider, gone)):
            give(ada, thing, f"q{number}")
        give(bob, coin, "q9")
        take(ada, rider)
        archive(gone)

        assert data_of(app, "/profile")["inventory"] == {}


class TestNews:
    def test_of_an_item_is_a_toast_with_its_title(self, app, ada, rider):
        give(ada, rider)

        (told,) = data_of(app, "/notifications")

        assert (told["type"], told["display"], told["title"]) == ("inventoryChanged", "toast", "Rider")
        received = [{"setId": "badges", "itemId": "rider", "quantity": 1}]
        assert told["payload"]["inventoryChanges"] == {"received": received, "lost": []}

    def test_of_a_loss_is_in_the_history_alone(self, app, ada, coin):
        give(ada, coin, quantity=3)
        app.get("/notifications")
        take(ada, coin, quantity=2)

        assert data_of(app, "/notifications") == []
        history = data_of(app, "/history")
        assert [item["type"] for item in history] == ["inventoryChanged"] * 2
        lost = [{"setId": "badges", "itemId": "coin", "quantity": 2}]
        assert history[1]["payload"]["inventoryChanges"] == {"received": [], "lost": lost}

    def test_is_none_of_what_was_not_had(self, app, ada, rider):
        give(ada, rider, "q0")
        offer(ada, rider)

        assert len(data_of(app, "/history")) == 1


class TestWebhooks:
    @pytest.fixture
    def bodies(self, acme, ada, coin):
        give(ada, coin, quantity=3)
        take(ada, coin, quantity=2)
        publication.publish()
        rows = EventBody.objects.for_business(acme).filter(event__topic__startswith="inventory/")
        return [json.loads(bytes(row.body)) for row in rows.order_by("event__sequence")]

    def test_tell_what_came_and_what_went(self, bodies):
        received, lost = (body["data"] for body in bodies)

        assert received.pop("customer")["email"] == "ada@example.com"
        assert [body["type"] for body in bodies] == ["inventory/received", "inventory/lost"]
        assert (received["set"], received["item"], received["quantity"], received["held"]) == ("badges", "coin", 3, 3)
        assert (lost["quantity"], lost["held"], lost["action"]) == (2, 1, "quest")

    def test_have_the_fields_of_their_examples(self, bodies):
        for body in bodies:
            assert body["data"].keys() == EXAMPLES[body["type"]].keys()

    def test_hold_no_title(self, acme, bodies):
        facts = Event.objects.for_business(acme).filter(topic__startswith="inventory/").values_list("facts", flat=True)

        assert "Coin" not in json.dumps(list(facts))
