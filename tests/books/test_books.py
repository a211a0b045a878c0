"""The books against their model: whatever is done, in whatever order.

`make fuzz` does it at length, FUZZ_EXAMPLES times, and from another seed.
"""

import os
from functools import partial

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import get_state_machine_test, rule

from tests.books import model
from tests.books.machine import BooksMachine
from tests.books.shop import open_shop

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
SEED = int(os.environ.get("FUZZ_SEED", "20260501"))
SHORT = 12  # stories of so many steps, where nobody asks for more
STEPS = 25

pytestmark = [pytest.mark.django_db, pytest.mark.fuzz, pytest.mark.timeout(180 + EXAMPLES * 30)]


@pytest.fixture
def shops(acme, rival):
    """Opened once: every story is rolled back to here."""
    return {"acme": open_shop(acme.sandbox, people=3), "rival": open_shop(rival.sandbox, people=2)}


def run(machine, shops, **limits):
    choice = settings(
        max_examples=EXAMPLES or SHORT,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    seed(SEED)(get_state_machine_test(partial(machine, shops), settings=settings(choice, **limits)))()


class TestBooks:
    def test_say_what_the_model_says(self, shops):
        print(f"FUZZ_SEED={SEED}")  # noqa: T201  # shown when it fails

        run(BooksMachine, shops)


class TestControls:
    """Without these it might agree because it looks at nothing."""

    FAST = {"max_examples": 20, "phases": [Phase.generate]}

    def test_a_model_that_spends_the_newest_first_is_found(self, shops, monkeypatch):
        monkeypatch.setattr(model, "spending_order", lambda lot: (-lot.number,))

        with pytest.raises(AssertionError):
            run(BooksMachine, shops, **self.FAST)

    def test_a_balance_that_somebody_touched_is_found(self, shops):
        class Touched(BooksMachine):
            @rule()
            def touch(self):
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE loyalty_balance SET amount = amount + 1")

        with pytest.raises(AssertionError, match="a balance is the sum of its entries"):
            run(Touched, shops, **self.FAST)
