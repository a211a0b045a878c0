"""Deposit, orders, codes and cards against their model: whatever happens to gift cards, in whatever order."""

from functools import partial

import pytest
from django.db import connection
from hypothesis.stateful import rule

from rewards.services import gift_funds, gift_orders
from tests.books import gift_model, stories
from tests.books.gift_machine import GiftMachine
from tests.books.gift_shop import open_gift_shop

pytestmark = [pytest.mark.django_db, pytest.mark.fuzz, pytest.mark.timeout(stories.TIMEOUT)]


@pytest.fixture
def shop(acme, monkeypatch):
    """Opened once: every story is rolled back to here."""
    monkeypatch.setattr(gift_orders, "CHUNK", gift_model.CHUNK)
    return open_gift_shop(acme)


class TestGiftBooks:
    def test_say_what_the_model_says(self, shop):
        stories.run(partial(GiftMachine, shop))


class TestControls:
    """Without these it might agree because it looks at nothing."""

    def test_a_price_that_is_given_back_twice_is_found(self, shop, monkeypatch):
        give_back = gift_funds._give_back
        twice = lambda business, rows, *rest: give_back(business, [(id, 2 * paid) for id, paid in rows], *rest)  # noqa: E731
        monkeypatch.setattr(gift_funds, "_give_back", twice)

        with pytest.raises(AssertionError, match="a gift order has paid for its cards"):
            stories.run(partial(GiftMachine, shop), **stories.FAST)

    def test_a_code_that_somebody_took_is_found(self, shop):
        class Taken(GiftMachine):
            @rule()
            def take(self):
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE rewards_code SET card_id = NULL WHERE pool_id IS NOT NULL")

        with pytest.raises(AssertionError, match="a gift card that can be had has one code"):
            stories.run(partial(Taken, shop), **stories.FAST)
