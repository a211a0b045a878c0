"""Items come and go: once per source, never more than there are, and every change is kept."""

from uuid import uuid4

import pytest

from loyalty.kernel.errors import NotFound
from loyalty.models import Event, HoldingChange, InventoryItem, InventorySet
from loyalty.services import accounts, inventory, ledger
from tests.loyalty.inventory.conftest import because, give, has, left, offer, take, take_back

pytestmark = pytest.mark.django_db


def archive(item):
    InventoryItem.objects.filter(pk=item.pk).update(archived_at="2026-05-01T12:00:00Z")


class TestGiveRefuses:
    def test_people_and_items_of_another_business(self, acme, rival, eve, ada, rider):
        for person, business, item_id in ((eve, acme, rider.pk), (eve, rival, rider.pk), (ada, acme, uuid4())):
            with pytest.raises(NotFound):
                inventory.give(business=business, account_id=person.pk, item_id=item_id, occasion=because())

        assert not HoldingChange.objects.exists()

    def test_who_is_blocked(self, acme, ada, rider):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        for try_it in (give, offer, take):
            with pytest.raises(ledger.AccountNotActive):
                try_it(ada, rider)

    def test_the_second_time_for_one_source(self, ada, bob, coin):
        give(ada, coin)

        for person in (ada, bob):
            with pytest.raises(ledger.AlreadyPosted):
                give(person, coin)
        assert (has(ada, coin), has(bob, coin)) == (1, 0)

    @pytest.mark.parametrize("quantity", [1, 2])
    def test_two_of_what_does_not_stack(self, ada, rider, quantity):
        if quantity == 1:
            give(ada, rider, "q0")

        with pytest.raises(inventory.AlreadyHad):
            give(ada, rider, quantity=quantity)

        assert HoldingChange.objects.count() == 2 - quantity

    def test_more_than_is_left(self, ada, bob, item):
        coin = item("Coin", stackable=True, stock=3)
        give(ada, coin, quantity=2)

        with pytest.raises(inventory.OutOfStock):
            give(bob, coin, "q2", quantity=2)

        assert (has(bob, coin), left(coin)) == (0, 1)

    def test_what_is_archived_with_its_set_or_alone(self, ada, badges, rider, coin):
        archive(rider)
        with pytest.raises(inventory.ItemArchived):
            give(ada, rider)
        InventorySet.objects.filter(pk=badges.pk).update(archived_at="2026-05-01T12:00:00Z")
        with pytest.raises(inventory.ItemArchived):
            give(ada, coin)


class TestGive:
    def test_keeps_what_for(self, ada, rider):
        change = give(ada, rider)

        assert (change.quantity, change.outcome, change.source_id) == (1, "received", "q1")
        assert change.reason == {"action": "quest", "questId": "q1"}
        assert has(ada, rider) == 1

    def test_adds_up_what_stacks(self, ada, coin):
        give(ada, coin, "q1", quantity=2)
        give(ada, coin, "q2", quantity=3)

        assert has(ada, coin) == 5

    def test_counts_what_is_given_only_where_there_is_a_stock(self, ada, item, coin):
        rare = item("Rare", stock=2)
        give(ada, rare, "q1")
        give(ada, coin, "q2")
        coin.refresh_from_db()

        assert (left(rare), left(coin), coin.given) == (1, None, 0)

    def test_is_told(self, acme, ada, coin):
        change = give(ada, coin, quantity=3)

        event = Event.objects.for_business(acme).get(topic="inventory/received")
        assert (event.account_id, event.created_at) == (ada.pk, change.occurred_at)
        assert event.facts == {
            **{"changeId": str(change.pk), "set": "badges", "item": "coin"},
            **{"quantity": 3, "held": 3, "action": "quest"},
        }

    def test_costs_the_same_whatever_was_given_before(self, ada, coin, django_assert_num_queries):
        for number in range(5):
            give(ada, coin, f"q{number}")

        with django_assert_num_queries(8):  # a savepoint and its end; lock, look, change, holding, news, stock
            give(ada, coin, "q9")


class TestWhatCannotBeHad:
    """By a benefit, which fails nothing: the reason is written down, and nothing else happens."""

    @pytest.fixture
    def sold_out(self, item, bob):
        scarce = item("Scarce", stock=1)
        give(bob, scarce, "q0")
        return scarce

    def test_because_they_had_it(self, ada, rider):
        give(ada, rider, "q0")
        self.assert_noted(offer(ada, rider), "already_had")

    def test_because_it_is_sold_out(self, ada, sold_out):
        self.assert_noted(offer(ada, sold_out), "out_of_stock")
        assert (has(ada, sold_out), left(sold_out)) == (0, 0)

    def test_because_it_is_archived(self, ada, rider):
        archive(rider)
        self.assert_noted(offer(ada, rider), "archived")

    def test_is_not_had_later_for_the_same_source(self, ada, bob, sold_out):
        offer(ada, sold_out)
        take_back(bob.business, "q0")

        with pytest.raises(ledger.AlreadyPosted):
            offer(ada, sold_out)

    def assert_noted(self, change, outcome):
        assert (change.outcome, change.quantity) == (outcome, 0)
        assert not Event.objects.filter(account_id=change.account_id, facts__changeId=str(change.pk)).exists()


class TestTake:
    def test_refuses_more_than_somebody_has(self, ada, coin):
        give(ada, coin, quantity=2)

        with pytest.raises(inventory.NotHeld, match="has 2"):
            take(ada, coin, quantity=3)

        assert has(ada, coin) == 2

    def test_refuses_the_second_time_for_one_source(self, ada, coin):
        give(ada, coin, quantity=2)
        take(ada, coin)

        with pytest.raises(ledger.AlreadyPosted):
            take(ada, coin)

    def test_tells_of_it_and_puts_it_back_into_stock(self, acme, ada, item):
        rare = item("Rare", stock=1)
        give(ada, rare)

        change = take(ada, rare)

        assert (change.outcome, change.quantity, has(ada, rare), left(rare)) == ("lost", -1, 0, 1)
        event = Event.objects.for_business(acme).get(topic="inventory/lost")
        assert (event.facts["quantity"], event.facts["held"]) == (1, 0)

    def test_lets_somebody_have_it_again(self, ada, rider):
        give(ada, rider)
        take(ada, rider)

        give(ada, rider, "q2")

        assert has(ada, rider) == 1


class TestTakeBack:
    def test_refuses_what_was_never_given_and_what_is_anothers(self, acme, rival, ada, rider):
        with pytest.raises(NotFound):
            take_back(acme)
        give(ada, rider)

        with pytest.raises(NotFound):
            take_back(rival)

    def test_refuses_what_was_taken(self, acme, ada, rider):
        give(ada, rider)
        take(ada, rider, "t1")

        with pytest.raises(NotFound):
            take_back(acme, "t1")

    def test_refuses_the_second_time(self, acme, ada, rider):
        give(ada, rider)
        take_back(acme)

        with pytest.raises(ledger.AlreadyReversed):
            take_back(acme)

    def test_takes_exactly_what_was_given(self, acme, ada, item):
        coin = item("Coin", stackable=True, stock=9)
        give(ada, coin, "q1", quantity=2)
        give(ada, coin, "q2", quantity=3)

        change = take_back(acme, "q1")

        assert (change.quantity, has(ada, coin), left(coin)) == (-2, 3, 6)
        assert change.reason["undoes"]

    def test_takes_nothing_back_where_nothing_was_given(self, acme, ada, rider):
        give(ada, rider, "q0")
        offer(ada, rider)

        assert take_back(acme).outcome == "gone"
        assert has(ada, rider) == 1

    def test_takes_what_is_left(self, acme, ada, coin):
        give(ada, coin, quantity=3)
        take(ada, coin, quantity=2)

        assert (take_back(acme).quantity, has(ada, coin)) == (-1, 0)

    def test_does_so_from_who_is_blocked(self, acme, ada, rider):
        give(ada, rider)
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        take_back(acme)

        assert has(ada, rider) == 0
