"""Fifty batches at once earn the energy that there was, and not one point more."""

import pytest

from loyalty.models import TapMeter
from loyalty.services import people
from tests.loyalty.quests.conftest import points_of
from tests.loyalty.tap.conftest import tap
from tests.races import at_once, errors

pytestmark = pytest.mark.django_db(transaction=True)


class TestFiftyBatchesAtOnce:
    def test_pay_exactly_the_energy_that_there_was(self, acme, ada, start):
        start(energy=70, refill_seconds=86_400)

        results = at_once(50, lambda _: tap(ada, 3))

        assert errors(results) == []
        assert sum(result.taps for result in results) == 70
        assert points_of(ada) == 70
        assert TapMeter.objects.for_business(acme).get().earned == 70

    @pytest.mark.breaks_the_books
    def test_would_pay_more_without_the_lock(self, acme, ada, start, monkeypatch):
        """The control: the same taps, but nobody waits for the account."""
        start(energy=70, refill_seconds=86_400)
        tap(ada, 1)

        monkeypatch.setattr(people, "LOCK", people.LOCK.replace("FOR NO KEY UPDATE OF a", ""))
        results = at_once(50, lambda _: tap(ada, 3))

        assert sum(result.taps for result in results if not isinstance(result, Exception)) > 69
