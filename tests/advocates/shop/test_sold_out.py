"""What somebody completes is complete, though what it gives is sold out: no order and no event is refused for that."""

import pytest

from loyalty.models import (
    Admission,
    Arrival,
    Event,
    Holding,
    HoldingChange,
    QuestCompletion,
    StampReward,
    WithheldBenefit,
)
from loyalty.selectors import quests as reads
from loyalty.services import quests
from loyalty.services.quest_rules import Rules, TaskRules, in_points
from rewards.models import Redemption
from rewards.services import rewards
from tests import dashboards
from tests.advocates.shop.conftest import balance, order
from tests.loyalty import climbers
from tests.refusals import assert_integration_refused

pytestmark = pytest.mark.django_db

ADA = "/integration/user/ada-1"
RIDE = {"id": "r1", "userId": "ada-1", "eventId": "ride", "value": 12, "createdAt": "2026-01-05 09:30:00"}
CUP = {"kind": "reward", "reward": "cup"}


@pytest.fixture
def cup(acme):
    return rewards.create(business=acme, name="A cup", key="cup", type="custom", points_cost=10, stock=0)


@pytest.fixture
def quest(acme, cup):
    """Make a quest of one step that gives 5 points; the quest gives a cup, and 50 points."""

    def make(type="event", trigger="order_paid", **said):
        step = TaskRules(title="Buy", type=type, benefits=[in_points(5)], trigger=trigger)
        rules = Rules(benefits=[CUP, in_points(50)], tasks=[step], **said)
        return quests.create(business=acme, title="First order", rules=rules)

    return make


def withheld():
    return list(WithheldBenefit.objects.values_list("source_type", "benefit__reward", "reason"))


class TestIsStillRefused:
    def test_to_claim_what_is_sold_out_and_it_waits_on(self, api, integration_api, ada, quest, cup):
        quest(auto_claim=False)
        api.post("/orders", order())
        (mission,) = integration_api.get(f"{ADA}/missions").json()["missions"]

        for _ in range(2):
            refused = integration_api.post(f"{ADA}/missions/{mission['id']}/claim")
            assert_integration_refused(refused, "OUT_OF_STOCK", None)
        assert (balance(ada), withheld()) == (0, [])

        api.patch(f"/rewards/{cup.pk}", {"stock": 1})
        assert integration_api.post(f"{ADA}/missions/{mission['id']}/claim").json()["pointsAwarded"] == 55
        assert Redemption.objects.get().reward_id == cup.pk

    def test_to_claim_an_item_that_is_sold_out(self, api, integration_api, ada):
        coin = {"key": "coin", "title": "Coin", "stackable": True, "stock": 1}
        api.put("/programme", {"inventorySets": [{"key": "purse", "title": "Purse", "items": [coin]}]})
        two = {"kind": "item", "set": "purse", "item": "coin", "quantity": 2}
        task = {"title": "Say hello", "type": "manual", "points": 5, "benefits": [two]}
        made = api.post("/quests", {"title": "Hello", "autoClaim": False, "tasks": [task]}).json()["quest"]
        (mission,) = integration_api.get(f"{ADA}/missions").json()["missions"]
        api.post(f"/quests/{made['id']}/complete", {"advocateId": str(ada.pk), "taskId": mission["id"]})

        refused = integration_api.post(f"{ADA}/missions/{mission['id']}/claim")
        assert_integration_refused(refused, "OUT_OF_STOCK", None)
        assert (balance(ada), HoldingChange.objects.count()) == (0, 0)

        api.put("/programme", {"inventorySets": [{"key": "purse", "title": "Purse", "items": [coin | {"stock": 2}]}]})
        assert integration_api.post(f"{ADA}/missions/{mission['id']}/claim").json()["pointsAwarded"] == 5
        assert Holding.objects.get().quantity == 2


class TestIsGone:
    def test_a_metric_that_was_archived_and_the_claim_gives_all_else(self, api, integration_api, ada):
        points = {"key": "points", "title": "Points"}
        api.put("/programme", {"metrics": [points, {"key": "stars", "title": "Stars"}]})
        stars = {"kind": "metric", "metric": "stars", "quantity": 2}
        task = {"title": "Say hello", "type": "manual", "points": 5, "benefits": [stars]}
        made = api.post("/quests", {"title": "Hello", "autoClaim": False, "tasks": [task]}).json()["quest"]
        (mission,) = integration_api.get(f"{ADA}/missions").json()["missions"]
        api.post(f"/quests/{made['id']}/complete", {"advocateId": str(ada.pk), "taskId": mission["id"]})
        assert api.put("/programme", {"quests": [], "metrics": [points]}).status_code == 200

        claimed = integration_api.post(f"{ADA}/missions/{mission['id']}/claim")

        assert (claimed.status_code, balance(ada)) == (200, 5)
        assert WithheldBenefit.objects.values_list("benefit__metric", "reason").get() == ("stars", "NOT_FOUND")


class TestGivesAllElse:
    """Of benefits that come together, once in a lifetime."""

    BOTH = (CUP, in_points(50))

    @pytest.fixture(autouse=True)
    def _and_says_what_is_missing(self, acme, ada, cup):
        yield
        (said,) = WithheldBenefit.objects.values_list("benefit__reward", "reason")
        assert (balance(ada), said) == (50, ("cup", "OUT_OF_STOCK"))

    def test_what_a_step_of_a_ladder_does(self, acme, api, ada):
        silver = {"threshold": 1, "benefits": [*self.BOTH]}
        climbers.put(acme, climbers.rungs(bronze=0, silver=silver), key="tiers", is_tier=True, basis="orders")

        api.post("/orders", order())

        assert Arrival.objects.get().refusal == "OUT_OF_STOCK"
        (told,) = Event.objects.filter(topic="customers/tier_entry_reward_earned")
        assert told.facts["points"] == 50

    def test_what_a_membership_does(self, api, ada):
        api.put("/programme", {"memberships": [{"key": "club", "title": "Club", "benefits": [*self.BOTH]}]})

        assert api.put("/customers/ada-1/memberships/club", {}).status_code in (200, 201)

        assert Admission.objects.get().refusal == "OUT_OF_STOCK"

    def test_what_a_stamp_does(self, api, ada):
        slot = {"slot": 1, "benefits": [*self.BOTH]}
        api.put("/programme", {"stampCards": [{"key": "card", "title": "Card", "slots": 4, "rewards": [slot]}]})

        api.post("/orders", order())

        assert StampReward.objects.get().refusal == "OUT_OF_STOCK"


class TestIsComplete:
    @pytest.fixture(autouse=True)
    def _and_all_else_is_given(self, acme, ada):
        yield
        assert QuestCompletion.objects.get().account_id == ada.pk
        assert (balance(ada), withheld()) == (55, [("quest", "cup", "OUT_OF_STOCK")])
        assert not Redemption.objects.exists()

    def test_by_an_order(self, api, ada, quest):
        quest()

        assert api.post("/orders", order()).status_code == 201

        assert api.post("/orders", order("1002")).status_code == 201

    def test_by_an_order_that_is_paid_later(self, api, ada, quest):
        quest()
        api.post("/orders", order(status="pending"))

        assert api.patch("/orders/1001", {"financialStatus": "paid"}).status_code == 200

    def test_by_a_refund(self, api, ada, quest):
        quest(trigger="order_refunded")
        api.post("/orders", order())

        assert api.patch("/orders/1001", {"refunds": [{"id": "r-1", "amount": "1.00"}]}).status_code == 200

    def test_by_one_of_many_orders(self, api, ada, bob, quest):
        quest()

        answer = api.post("/orders/batch", {"items": [order(), order("1002", who="new-1", status="pending")]}).json()

        assert [result["status"] for result in answer["results"]] == [201, 201]

    def test_by_an_event(self, integration_api, ada, quest):
        quest(trigger="ride")

        told = integration_api.post("/event", RIDE)

        assert told.status_code in (200, 201, 202), told.json()

    def test_by_word_of_the_shop(self, api, ada, quest):
        made = quest(type="manual", trigger=None)
        (task,) = reads.tasks_of(made.current)

        answer = api.post(f"/quests/{made.pk}/complete", {"advocateId": str(ada.pk), "taskId": str(task.pk)})

        assert (answer.status_code, answer.json()["pointsAwarded"]) == (200, 55)

    def test_and_the_persons_page_says_what_is_missing(self, api, acme, ada, quest):
        quest()
        api.post("/orders", order())

        text = dashboards.text_of(dashboards.works_for(acme).get(dashboards.page(ada)))

        assert "Promised, not given" in text
        assert "cup" in text
        assert "It was sold out" in text
