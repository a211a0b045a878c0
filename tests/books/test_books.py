"""The books against their model: whatever is done, in whatever order."""

from functools import partial

import pytest
from django.db import connection
from hypothesis.stateful import rule

from tests.books import model, stories
from tests.books.machine import BooksMachine
from tests.books.shop import open_shop

pytestmark = [pytest.mark.django_db, pytest.mark.fuzz, pytest.mark.timeout(stories.TIMEOUT)]


@pytest.fixture
def shops(acme, rival):
    """Opened once: every story is rolled back to here."""
    return {"acme": open_shop(acme.sandbox, people=3), "rival": open_shop(rival.sandbox, people=2)}


class TestBooks:
    def test_say_what_the_model_says(self, shops):
        stories.run(partial(BooksMachine, shops))


class TestControls:
    """Without these it might agree because it looks at nothing."""

    def test_a_model_that_spends_the_newest_first_is_found(self, shops, monkeypatch):
        monkeypatch.setattr(model, "spending_order", lambda lot: (-lot.number,))

        with pytest.raises(AssertionError):
            stories.run(partial(BooksMachine, shops), **stories.FAST)

    def test_a_balance_that_somebody_touched_is_found(self, shops):
        class Touched(BooksMachine):
            @rule()
            def touch(self):
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE loyalty_balance SET amount = amount + 1")

        with pytest.raises(AssertionError, match="a balance is the sum of its entries"):
            stories.run(partial(Touched, shops), **stories.FAST)
