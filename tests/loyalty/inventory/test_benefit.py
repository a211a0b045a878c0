"""The benefit `item`: a badge for what somebody did. Who cannot have it completes what they do all the same."""

import pytest

from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import HoldingChange, InventoryItem
from loyalty.services import benefits, completions, ledger, quests
from loyalty.services.quest_rules import Rules, TaskRules, in_points
from tests.loyalty.inventory.conftest import because, give, has, left
from tests.loyalty.quests.conftest import do, points_of

pytestmark = pytest.mark.django_db

BADGE = {"kind": "item", "set": "badges", "item": "rider"}


def give_benefits(person, *given, id="q1"):
    return benefits.give(given, business=person.business, account_id=person.pk, occasion=because(id))


@pytest.fixture
def quest(acme, rider):
    """One task for a badge, a quest for the same badge and ten points."""
    task = TaskRules(title="Ride", type="manual", benefits=[BADGE])
    rules = Rules(tasks=[task], benefits=[BADGE, in_points(10)])
    return quests.create(business=acme, title="Ride", rules=rules)


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "error", "field"),
        [
            ({"set": "badges"}, Invalid, "benefits.0"),
            ({"item": "tea"}, NotFound, "benefits.0.item"),
            ({"set": "stickers"}, NotFound, "benefits.0.item"),
            ({"item": "gone"}, NotFound, "benefits.0.item"),
            ({"quantity": 0}, Invalid, "benefits.0"),
            ({"quantity": 1001}, Invalid, "benefits.0"),
            ({"quantity": 2}, Invalid, "benefits.0.quantity"),
            ({"colour": "red"}, Invalid, "benefits.0"),
        ],
    )
    def test_what_means_nothing(self, acme, rider, item, said, error, field):
        gone = item("Gone")
        InventoryItem.objects.filter(pk=gone.pk).update(archived_at="2026-05-01T12:00:00Z")
        benefit = {"kind": "item", "set": "badges"} if said == {"set": "badges"} else BADGE | said

        with pytest.raises(error) as refused:
            benefits.checked([benefit], business=acme, field="benefits")

        assert refused.value.field == field

    def test_what_another_business_has(self, rival, rider):
        with pytest.raises(NotFound):
            benefits.checked([BADGE], business=rival, field="benefits")

    def test_to_give_or_take_twice_for_one_occasion(self, acme, ada, rider):
        give_benefits(ada, BADGE)
        with pytest.raises(ledger.AlreadyPosted):
            give_benefits(ada, BADGE)
        benefits.take_back([BADGE], business=acme, account_id=ada.pk, occasion=because())

        with pytest.raises(ledger.AlreadyReversed):
            benefits.take_back([BADGE], business=acme, account_id=ada.pk, occasion=because())


class TestQuest:
    def test_gives_it_and_completes_for_who_has_it(self, quest, ada, rider):
        outcome = do(quest, ada)

        assert (outcome.completed_quest, outcome.points, has(ada, rider)) == (True, 10, 1)
        told = list(HoldingChange.objects.order_by("pk").values_list("source_type", "outcome"))
        assert told == [("task", "received"), ("quest", "already_had")]

    def test_completes_for_who_comes_too_late(self, quest, ada, bob, rider):
        InventoryItem.objects.filter(pk=rider.pk).update(stock=1)
        do(quest, ada)

        outcome = do(quest, bob)

        assert (outcome.completed_quest, points_of(bob), has(bob, rider), left(rider)) == (True, 10, 0, 0)
        noted = HoldingChange.objects.filter(account_id=bob.pk)
        assert set(noted.values_list("outcome", flat=True)) == {"out_of_stock"}

    def test_says_why_it_gave_it(self, quest, ada, rider):
        do(quest, ada)

        change = HoldingChange.objects.get(outcome="received")
        assert (change.reason["questId"], change.reason["ruleVersion"]) == (str(quest.pk), 1)
        assert (change.reason["action"], change.reason["ruleId"]) == ("task", str(quest.pk))

    def test_that_is_claimed_gives_it_then(self, acme, ada, rider):
        rules = Rules(
            tasks=[TaskRules(title="Ride", type="manual")],
            benefits=[BADGE],
            auto_claim=False,
        )
        quest = quests.create(business=acme, title="Ride", rules=rules)
        do(quest, ada)
        assert has(ada, rider) == 0

        completions.claim(business=acme, task_id=quest.current.tasks.get().pk, account_id=ada.pk)

        assert has(ada, rider) == 1


def test_several_for_one_occasion_are_taken_back_together(acme, ada, rider, coin):
    coins = {"kind": "item", "set": "badges", "item": "coin", "quantity": 3}
    give(ada, coin, "q0")
    given = [BADGE, coins, in_points(5)]

    assert give_benefits(ada, *given) == 5
    assert benefits.take_back(given, business=acme, account_id=ada.pk, occasion=because()) == 5

    assert (has(ada, rider), has(ada, coin), points_of(ada)) == (0, 1, 0)
