"""What the inventory holds of a person: exported, kept as numbers when they are erased, moved with them and back."""

import pytest

from advocates.services import advocates
from loyalty.models import Event, HoldingChange, Merge
from loyalty.services import erasure, merges
from tests.loyalty.inventory.conftest import give, has, left, take, take_back

pytestmark = pytest.mark.django_db


def merge(source, target):
    return merges.merge(business=source.business, source_id=source.pk, target_id=target.pk)


def undo(business):
    merges.undo(business=business, merge_id=Merge.objects.for_business(business).get(undone_at=None).pk)


def test_everything_is_exported(acme, ada, rider):
    give(ada, rider)

    held = erasure.export(business=acme, account_id=ada.pk)["held"]

    assert held["inventory"] == [{"set": "badges", "item": "rider", "title": "Rider", "quantity": 1}]
    (change,) = held["inventoryChanges"]
    assert (change["quantity"], change["outcome"], change["sourceId"]) == (1, "received", "q1")


def test_erasing_keeps_the_numbers(acme, ada, item):
    rare = item("Rare", stock=2)
    give(ada, rare)

    erasure.erase(business=acme, account_id=ada.pk)

    assert (has(ada, rare), left(rare)) == (1, 1)


class TestMerging:
    def test_brings_everything_along(self, ada, bob, coin, rider):
        give(ada, coin, "q1", quantity=2)
        give(bob, coin, "q2", quantity=3)
        give(ada, rider, "q3")

        merge(ada, bob)

        assert [has(who, what) for who in (ada, bob) for what in (coin, rider)] == [0, 0, 5, 1]

    def test_leaves_the_second_of_what_does_not_stack_where_it_is(self, acme, ada, bob, rider):
        give(ada, rider, "q1")
        give(bob, rider, "q2")

        merge(ada, bob)
        assert (has(ada, rider), has(bob, rider)) == (1, 1)

        undo(acme)
        assert (has(ada, rider), has(bob, rider)) == (1, 1)

    def test_undone_gives_back_what_it_brought(self, acme, ada, bob, coin, rider):
        give(ada, coin, "q1", quantity=2)
        give(bob, coin, "q2", quantity=3)
        give(ada, rider, "q3")
        merge(ada, bob)
        give(bob, coin, "q4", quantity=4)

        undo(acme)

        assert [has(who, what) for who in (ada, bob) for what in (coin, rider)] == [2, 1, 7, 0]

    def test_undone_gives_back_no_more_than_is_left(self, acme, ada, bob, coin, rider):
        give(ada, coin, quantity=5)
        give(ada, rider, "q2")
        merge(ada, bob)
        take(bob, coin, "t1", quantity=3)
        take(bob, rider, "t2")

        undo(acme)

        assert [has(who, what) for who in (ada, bob) for what in (coin, rider)] == [2, 0, 0, 0]

    def test_changes_no_stock(self, acme, ada, bob, item):
        rare = item("Rare", stock=3)
        give(ada, rare)

        merge(ada, bob)
        assert left(rare) == 2
        undo(acme)
        assert left(rare) == 2

    def test_is_told_of_both(self, acme, ada, bob, coin):
        give(ada, coin, quantity=2)
        merge(ada, bob)

        told = Event.objects.for_business(acme).filter(topic__startswith="inventory/", facts__action="merge")
        assert list(told.order_by("pk").values_list("account_id", "topic", "facts__held")) == [
            (ada.pk, "inventory/lost", 0),
            (bob.pk, "inventory/received", 2),
        ]

    def test_in_two_steps_is_undone_in_two(self, acme, ada, bob, coin):
        dora = advocates.create(business=acme, email="dora@example.com")
        give(ada, coin, quantity=2)
        give(bob, coin, "q2")
        first, second = merge(ada, bob), merge(bob, dora)
        assert [has(who, coin) for who in (ada, bob, dora)] == [0, 0, 3]

        merges.undo(business=acme, merge_id=second.pk)
        assert [has(who, coin) for who in (ada, bob, dora)] == [0, 3, 0]
        merges.undo(business=acme, merge_id=first.pk)
        assert [has(who, coin) for who in (ada, bob, dora)] == [2, 1, 0]


class TestTakingBackAfterAMerge:
    def test_takes_it_from_the_account_that_took_over(self, acme, ada, bob, coin):
        give(ada, coin, quantity=2)
        give(bob, coin, "q2")
        merge(ada, bob)

        assert take_back(acme).account_id == bob.pk
        assert (has(ada, coin), has(bob, coin)) == (0, 1)

    def test_takes_the_one_that_stayed_behind(self, acme, ada, bob, rider):
        give(ada, rider, "q1")
        give(bob, rider, "q2")
        merge(ada, bob)

        take_back(acme, "q1")

        assert (has(ada, rider), has(bob, rider)) == (0, 1)
        assert HoldingChange.objects.count() == 3
