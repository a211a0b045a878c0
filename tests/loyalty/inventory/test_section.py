"""`inventorySets` in the programme's document: exactly what there is to collect."""

import pytest
from django.db import IntegrityError, transaction

from loyalty.models import Holding, HoldingChange, InventoryItem, InventorySet
from loyalty.services import inventory_sets
from tests.loyalty.inventory.conftest import give, has, left
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

RIDER = {"key": "rider", "title": "Rider", "media": None, "stackable": False, "stock": None}
COIN = {"key": "coin", "title": "Coin", "media": "https://cdn.example/coin.png", "stackable": True, "stock": 5}
QUEST = {
    "key": "commuter",
    "title": "Commuter",
    "tasks": [{"title": "Ride", "type": "manual", "benefits": [{"kind": "item", "set": "badges", "item": "coin"}]}],
    "benefits": [{"kind": "item", "set": "badges", "item": "rider"}],
}
OF_COINS = {"referrer": [{"kind": "item", "set": "badges", "item": "coin", "quantity": 2}]}


def sets(*items, **rest):
    return [{"key": "badges", "title": "Badges", "items": list(items), **rest}]


def put(api, **document):
    return api.put("/programme", document)


@pytest.fixture
def coin(api, acme):
    assert put(api, inventorySets=sets(COIN, RIDER)).status_code == 200
    return InventoryItem.objects.for_business(acme).get(key="coin")


class TestRefuses:
    @pytest.mark.parametrize(
        ("document", "path"),
        [
            ({"inventorySets": sets(RIDER, RIDER)}, "inventorySets.0.items.1.key"),
            ({"inventorySets": sets() + sets()}, "inventorySets.1.key"),
            ({"inventorySets": sets(RIDER | {"stock": -1})}, "inventorySets.0.items.0.stock"),
            ({"inventorySets": sets(RIDER | {"colour": "red"})}, "inventorySets.0.items.0.colour"),
            ({"inventorySets": sets(RIDER | {"media": ""})}, "inventorySets.0.items.0.media"),
            ({"inventorySets": [{"key": "badges"}]}, "inventorySets.0.title"),
            ({"quests": [QUEST]}, "quests.0.benefits.0.item"),
            ({"inventorySets": sets(RIDER), "quests": [QUEST]}, "quests.0.tasks.0.benefits.0.item"),
            ({"referral": OF_COINS}, "referral.referrer.0.item"),
            (
                {"inventorySets": sets(COIN | {"stackable": False}), "referral": OF_COINS},
                "referral.referrer.0.quantity",
            ),
            (
                {
                    "rewards": [
                        {
                            **{"key": "badge", "name": "Badge", "type": "item", "pointsCost": 5},
                            "item": {"set": "badges", "item": "rider"},
                        }
                    ]
                },
                "rewards.0.item",
            ),
        ],
    )
    def test_what_makes_no_sense(self, api, document, path):
        assert_refused(put(api, **document), "VALIDATION_ERROR", path)
        assert not InventorySet.objects.exists()

    def test_to_leave_a_quest_without_its_badge(self, api, coin):
        put(api, quests=[QUEST])

        assert_refused(put(api, inventorySets=[]), "VALIDATION_ERROR", "quests.0.benefits.0.item")

    def test_a_stock_below_what_people_have(self, api, coin, ada):
        give(ada, coin, quantity=3)

        response = put(api, inventorySets=sets(RIDER, COIN | {"stock": 2}))

        assert_refused(response, "VALIDATION_ERROR", "inventorySets.0.items.1.stock")
        assert left(coin) == 2

    def test_to_unstack_what_somebody_has_several_of(self, api, coin, ada):
        give(ada, coin, quantity=2)

        response = put(api, inventorySets=sets(RIDER, COIN | {"stackable": False}))

        assert_refused(response, "VALIDATION_ERROR", "inventorySets.0.items.1.stackable")


class TestApplies:
    def test_and_reads_the_same_back(self, api, coin):
        read = api.get("/programme").json()

        assert read["inventorySets"] == sets(COIN, RIDER)
        assert put(api, **{name: part for name, part in read.items() if name != "version"}).json()["changes"] == []

    def test_an_old_document_and_gives_nobodys_piece_away(self, api, coin, ada):
        give(ada, coin, quantity=2)

        put(api, inventorySets=sets(COIN, RIDER))

        assert (left(coin), has(ada, coin)) == (3, 2)

    def test_a_stock_that_comes_later_and_counts_what_people_have(self, api, acme, coin, ada, bob):
        rider = InventoryItem.objects.for_business(acme).get(key="rider")
        give(ada, rider, "q1")
        give(bob, rider, "q2")

        put(api, inventorySets=sets(COIN, RIDER | {"stock": 5}))

        assert left(rider) == 3

    def test_what_disappears_is_archived_and_comes_back_as_it_was(self, api, coin, ada):
        give(ada, coin, quantity=2)

        gone = put(api, inventorySets=[]).json()
        assert [(change["path"], change["action"]) for change in gone["changes"]] == [
            ("inventorySets.badges", "removed")
        ]
        assert (api.get("/programme").json()["inventorySets"], has(ada, coin)) == ([], 2)

        put(api, inventorySets=sets(RIDER))
        coin.refresh_from_db()
        assert coin.archived_at
        put(api, inventorySets=sets(RIDER, COIN))
        assert InventoryItem.objects.for_business(coin.business).get(key="coin").pk == coin.pk
        assert left(coin) == 3

    def test_what_stacks_no_more_where_nobody_has_several(self, api, coin, ada):
        give(ada, coin)

        put(api, inventorySets=sets(RIDER, COIN | {"stackable": False}))

        assert Holding.objects.get(account_id=ada.pk).stackable is False


class TestDatabase:
    @pytest.mark.parametrize(
        ("model", "wrong", "constraint"),
        [
            (InventoryItem, {"given": 6}, "no_more_given_than_stock"),
            (InventoryItem, {"given": -1}, "no_less_than_nothing_is_given"),
            (InventoryItem, {"stackable": False}, "one_of_what_does_not_stack"),
            (Holding, {"quantity": -1}, "nobody_holds_less_than_nothing"),
            (Holding, {"stackable": False, "quantity": 1}, "holding_item_of_its_business"),
            (HoldingChange, {"quantity": 3}, "never rewritten"),
        ],
    )
    def test_has_the_last_word(self, coin, ada, model, wrong, constraint):
        give(ada, coin, quantity=2)

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            model.objects.filter(business=ada.business).exclude(pk__in=riders(ada)).update(**wrong)

    def test_keeps_everything_within_its_business(self, coin, ada, eve, rival):
        give(ada, coin)
        theirs = inventory_sets.create_set(business=rival, title="Theirs")

        for model, wrong, constraint in (
            (InventoryItem, {"set": theirs}, "inventory_item_of_its_business"),
            (Holding, {"account_id": eve.pk}, "holding_person_of_its_business"),
        ):
            with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
                model.objects.filter(business=ada.business).update(**wrong)


def riders(ada):
    return InventoryItem.objects.filter(business=ada.business, key="rider").values("pk")
