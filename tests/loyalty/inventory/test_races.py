"""Many want what there is little of: none too many is given. Each lock has a control that needs it."""

import threading
from collections import Counter

import pytest

from advocates.services import advocates
from loyalty.models import Holding, HoldingChange, InventoryItem
from loyalty.services import accounts, inventory, inventory_sets, verification
from tests.loyalty.inventory.conftest import give, has, left, offer, take_back
from tests.races import at_once, errors

pytestmark = pytest.mark.django_db(transaction=True)

CROWD, STOCK = 50, 5


@pytest.fixture
def crowd(acme):
    return [advocates.create(business=acme, email=f"guest{number}@example.com") for number in range(CROWD)]


@pytest.fixture
def scarce(item):
    return item("Scarce", stock=STOCK)


def outcomes(results):
    return Counter(getattr(result, "outcome", type(result).__name__) for result in results)


class TestStock:
    def test_of_five_goes_to_five_of_fifty(self, crowd, scarce):
        results = at_once(CROWD, lambda number: offer(crowd[number], scarce, f"q{number}"))

        assert outcomes(results) == {"received": STOCK, "out_of_stock": CROWD - STOCK}
        assert (left(scarce), Holding.objects.filter(quantity=1).count()) == (0, STOCK)

    @pytest.mark.breaks_the_books
    def test_is_given_away_twice_without_the_conditional_update(self, crowd, scarce, monkeypatch):
        """The control: everybody looks before anybody writes, and the look says that there is enough."""
        looked = threading.Barrier(CROWD)

        def read_then_write(item, quantity):
            enough = InventoryItem.objects.get(pk=item.pk).stock_remaining >= quantity
            looked.wait()
            InventoryItem.objects.filter(pk=item.pk).update(given=1)
            return enough

        monkeypatch.setattr(inventory, "_take_stock", read_then_write)

        results = at_once(CROWD, lambda number: offer(crowd[number], scarce, f"q{number}"))

        assert outcomes(results) == {"received": CROWD}
        assert {finding.check for finding in verification.verify()} == {
            "what is given of an item with a stock is what people have"
        }

    def test_that_comes_back_is_had_again(self, acme, crowd, scarce):
        for number in range(STOCK):
            give(crowd[number], scarce, f"q{number}")

        def work(number):
            return take_back(acme, f"q{number}") if number < STOCK else offer(crowd[number], scarce, f"q{number}")

        results = at_once(20, work)

        assert errors(results) == []
        assert left(scarce) == STOCK - Holding.objects.filter(quantity=1).count() >= 0

    def test_that_is_set_while_pieces_are_given_counts_them_all(self, acme, crowd, item):
        """Nobody counted them before: whoever sets the stock waits for those who are being given some."""
        plenty = item("Plenty")

        def work(number):
            if number == 10:
                return inventory_sets.update_item(business=acme, item_id=plenty.pk, stock=CROWD)
            return give(crowd[number], plenty, f"q{number}")

        results = at_once(20, work)

        assert errors(results) == []
        assert left(plenty) == CROWD - 19


class TestOnePerson:
    def test_gets_what_does_not_stack_once(self, ada, rider):
        results = at_once(20, lambda number: offer(ada, rider, f"q{number}"))

        assert outcomes(results) == {"received": 1, "already_had": 19}

    @pytest.mark.breaks_the_books
    def test_is_told_of_it_four_times_without_the_lock(self, ada, rider, monkeypatch):
        """The control: everybody looks before anybody writes."""
        looked = threading.Barrier(4)
        unlocked = {ada.pk: ada.account}
        received = inventory._received

        def after_all_looked(*arguments):
            looked.wait()
            return received(*arguments)

        monkeypatch.setattr(accounts, "lock", lambda **_: unlocked)
        monkeypatch.setattr(inventory, "_received", after_all_looked)

        results = at_once(4, lambda number: offer(ada, rider, f"q{number}"))

        assert outcomes(results) == {"received": 4}
        assert {finding.check for finding in verification.verify()} == {
            "what somebody has of an item is what came and did not go"
        }

    def test_gets_every_piece_of_what_stacks(self, ada, coin):
        at_once(20, lambda number: give(ada, coin, f"q{number}"))

        assert has(ada, coin) == 20

    def test_is_given_once_for_one_source(self, ada, coin):
        results = at_once(20, lambda _: give(ada, coin))

        assert outcomes(results) == {"received": 1, "AlreadyPosted": 19}
        assert (has(ada, coin), HoldingChange.objects.count()) == (1, 1)
