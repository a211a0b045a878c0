"""Two who let one person climb at the same moment: they move once, and are given what a step gives once."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection

from loyalty.kernel import clock
from loyalty.models import Account, Arrival, Event
from loyalty.selectors import ledger as books
from loyalty.services import accounts, arrivals, businesses, ladders, ledger
from tests.loyalty.climbers import points, put, rungs
from tests.races import at_once, blocked, errors, rewritten

GATE = 4711


@pytest.fixture
def gate(transactional_db):
    """Everyone who is about to move somebody waits here."""
    waits = f"BEGIN PERFORM pg_advisory_xact_lock_shared({GATE});"
    with rewritten("laurel_move", lambda sql: sql.replace("BEGIN", waits, 1)):
        yield


@pytest.fixture
def without_the_lock(transactional_db):
    with rewritten("laurel_lock", lambda sql: sql.replace("FOR NO KEY UPDATE OF a", "")):
        yield


def two_at_the_gate(work):
    """What two answer who begin together, and of whom both have come as far as they can before the gate opens."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
        answers = []
        crowd = threading.Thread(target=lambda: answers.extend(at_once(2, lambda _: work())))
        crowd.start()
        while blocked() < 2 and crowd.is_alive():
            pass
        cursor.execute("SELECT pg_advisory_unlock(%s)", [GATE])
        crowd.join()
    assert errors(answers) == []


@pytest.fixture
def risen(transactional_db, acme):
    """Somebody whose orders were counted, and who has not climbed yet."""
    put(acme, rungs(bronze=0, silver=2), basis="orders")
    account = accounts.open_account(business=acme)
    Account.objects.filter(pk=account.pk).update(order_count=2)
    return account


@pytest.fixture
def fallen(transactional_db, acme):
    """Somebody who earned nothing in the period that is over."""
    put(acme.sandbox, key="club", basis="periodEarned", period="P1M")
    account = accounts.open_account(business=acme.sandbox)
    ledger.award(business=acme.sandbox, account_id=account.pk, amount=1_000)
    for _ in range(2):
        ladders.turn_due()
        businesses.move_clock(business=acme.sandbox, to=clock.now(acme.sandbox) + timedelta(days=31))
    return account


def moves(account):
    rows = Event.objects.filter(account=account, topic="customers/milestone_changed").order_by("sequence")
    return [event.facts["milestone"] for event in rows]


class TestTwoMoves:
    def test_up_are_one(self, risen, gate):
        two_at_the_gate(lambda: ladders.follow(business=risen.business, account_id=risen.pk))

        assert moves(risen) == ["silver"]

    @pytest.mark.breaks_the_books
    def test_up_are_two_without_the_lock(self, risen, gate, without_the_lock):
        two_at_the_gate(lambda: ladders.follow(business=risen.business, account_id=risen.pk))

        assert moves(risen) == ["silver", "silver"]

    def test_down_are_one(self, fallen, gate):
        two_at_the_gate(lambda: ladders._turn(fallen.business_id, fallen.pk))

        assert moves(fallen) == ["silver", "bronze"]

    @pytest.mark.breaks_the_books
    def test_down_are_two_without_the_lock(self, fallen, gate, without_the_lock):
        two_at_the_gate(lambda: ladders._turn(fallen.business_id, fallen.pk))

        assert moves(fallen) == ["silver", "bronze", "bronze"]


class TestWhatAStepGives:
    @pytest.fixture
    def account(self, transactional_db, acme):
        put(acme, rungs(bronze=0, silver=points(1_000, 100)), key="tiers", is_tier=True)
        return accounts.open_account(business=acme)

    def test_is_given_once_by_many_at_once(self, account):
        award = lambda _: ledger.award(business=account.business, account_id=account.pk, amount=1_000)  # noqa: E731

        assert errors(at_once(8, award)) == []
        assert books.wallets(business=account.business, account_ids=[account.pk])[account.pk].amount == 8_100

    def test_is_refused_a_second_time_by_the_database_itself(self, account, monkeypatch):
        """Also by a code that forgot to ask."""
        first = ledger.award(business=account.business, account_id=account.pk, amount=1_000)
        ledger.reverse(business=account.business, entry_id=first.id)
        monkeypatch.setattr(arrivals, "_new", lambda climber, steps: steps)

        with pytest.raises(IntegrityError, match="one_arrival_per_milestone"):
            ledger.award(business=account.business, account_id=account.pk, amount=1_000)
        assert Arrival.objects.filter(account=account).count() == 1
