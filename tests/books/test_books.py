"""The books against their model: whatever is done, in whatever order."""

from collections import Counter
from functools import partial

import pytest
from django.db import connection
from hypothesis.stateful import rule

from loyalty.services import at_once, completions
from tests.books import model, stories
from tests.books.machine import BooksMachine
from tests.books.shop import open_shop

pytestmark = [pytest.mark.django_db, pytest.mark.fuzz, pytest.mark.timeout(stories.TIMEOUT)]


@pytest.fixture
def shops(acme, rival):
    """Opened once: every story is rolled back to here."""
    return {"acme": open_shop(acme.sandbox, people=3), "rival": open_shop(rival.sandbox, people=2)}


@pytest.fixture
def ways(monkeypatch):
    """How often a quest was completed by one statement, and how often the long way."""
    counted = Counter()
    stride, finish = at_once.stride, completions.finish

    def short(report, *, business):
        taken = stride(report, business=business)
        counted["short"] += bool(taken and taken.completed)
        return taken

    def long(attempt):
        counted["long"] += 1
        return finish(attempt)

    monkeypatch.setattr(at_once, "stride", short)
    monkeypatch.setattr(completions, "finish", long)
    return counted


class TestBooks:
    def test_say_what_the_model_says(self, shops, ways):
        stories.run(partial(BooksMachine, shops))

        assert ways["short"]
        assert ways["long"]  # whoever reaches a tier by it


def pay_again(books, person, now, visit=model.Books.visit):
    person.completed.pop(now.date(), None)
    return visit(books, person, now)


class TestControls:
    """Without these it might agree because it looks at nothing."""

    def test_a_model_that_spends_the_newest_first_is_found(self, shops, monkeypatch):
        monkeypatch.setattr(model, "spending_order", lambda lot: (-lot.number,))

        with pytest.raises(AssertionError):
            stories.run(partial(BooksMachine, shops), **stories.FAST)

    @pytest.mark.parametrize(
        ("name", "wrong"),
        [("Books.visit", pay_again), ("BY_DAY", ("rides",)), ("count_visits", lambda *_: None)],
        ids=["pays it twice", "forgets that it was done", "forgets a step"],
    )
    def test_a_model_that_cannot_keep_a_quest_is_found(self, shops, monkeypatch, name, wrong):
        """The latter two at a merge."""
        monkeypatch.setattr(f"tests.books.model.{name}", wrong)

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
