"""Workers, spenders and readers at once: a minute is shared out once, and an accrual posted once."""

import threading
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from loyalty.kernel import clock
from loyalty.models import HoldAccrual, HoldProgramme
from loyalty.models.hold import PARTS
from loyalty.selectors import ledger as books
from loyalty.services import accrual, ledger, merges, verification, wallets
from tests.loyalty.hold.conftest import accrued
from tests.races import at_once, errors, rewritten

pytestmark = pytest.mark.django_db(transaction=True)


def begin_an_hour_ago(programme):
    """At once, and an hour of minutes to share out."""
    HoldProgramme.objects.for_business(programme.business).filter(pk=programme.pk).update(
        accrued_until=programme.accrued_until - accrual.HOUR, started_at=programme.started_at - accrual.HOUR
    )


class TestTwentyWorkersAtOnce:
    def test_share_each_minute_out_once(self, acme, start, holder):
        programme = start()
        begin_an_hour_ago(programme)
        [holder(100) for _ in range(5)]

        results = at_once(20, lambda _: accrual.catch_up(programme))

        assert errors(results) == []
        programme.refresh_from_db()
        assert programme.poured in (60_000 * 1440, 61_000 * 1440)
        assert verification.verify() == []

    @pytest.mark.breaks_the_books
    def test_would_not_without_the_lock(self, acme, start, holder):
        """The control: the same function, but for its lock."""
        programme = start()
        begin_an_hour_ago(programme)
        holder(100)

        with rewritten("laurel_accrue", lambda source: source.replace("FOR NO KEY UPDATE SKIP LOCKED", "")):
            at_once(20, lambda _: accrual.catch_up(programme))

        programme.refresh_from_db()
        assert programme.poured > 61_000 * 1440


class TestFiftySpendersAndReadersAtOnce:
    def test_are_paid_once(self, acme, start, holder):
        programme = start(per_day=1440 * 10)
        with clock.moved_to(clock.wall() - 2 * accrual.HOUR):
            ada = holder(100)
        begin_an_hour_ago(programme)
        accrual.catch_up(programme)

        def act(number):
            if number % 2:
                ledger.settle(business_id=acme.pk, account_id=ada.pk)
            else:
                ledger.spend(business=acme, account_id=ada.pk, amount=1)

        results = at_once(50, act)

        assert errors(results) == []
        row = HoldAccrual.objects.for_business(acme).with_posted().get()
        assert paid(ada) == row.posted
        assert row.waiting < PARTS
        assert verification.verify() == []

    def test_lose_nothing_while_minutes_are_shared_out(self, acme, start, holder):
        programmes = [start(per_day=1440 * 10) for _ in range(2)]
        with clock.moved_to(clock.wall() - 2 * accrual.HOUR):
            people = [holder(100) for _ in range(2)]
        for programme in programmes:
            begin_an_hour_ago(programme)

        def act(number):
            if number % 3 == 0:
                accrual.catch_up(programmes[number % 2])
            elif number % 3 == 1:
                ledger.settle(business_id=acme.pk, account_id=people[number % 2].pk)
            else:
                ledger.spend(business=acme, account_id=people[number % 2].pk, amount=1)

        results = at_once(30, act)

        assert errors(results) == []
        for person in people:
            ledger.settle(business_id=acme.pk, account_id=person.pk)
            assert 0 < paid(person) <= accrued(person) < paid(person) + len(programmes)
        assert verification.verify() == []


class TestWhileAMinuteIsSharedOut:
    """However long that takes: its accruals are locked then."""

    @pytest.fixture
    def ada(self, start, holder):
        """A point a minute is due to her, since an hour ago."""
        programme = start(per_day=1440)
        with clock.moved_to(clock.wall() - 2 * accrual.HOUR):
            ada = holder(100)
        begin_an_hour_ago(programme)
        accrual.catch_up(programme)
        return ada

    def test_a_reader_sees_what_was_due_before_and_waits_for_nobody(self, acme, ada):
        due = accrued(ada)

        with sharing_out(minutes=5):
            wallet = wallets.of_one(business=acme, account_id=ada.pk)

        assert wallet.amount == 100 + due
        assert wallets.of_one(business=acme, account_id=ada.pk).amount == 100 + due + 5
        assert verification.verify() == []

    def test_a_spender_pays_with_what_was_due_before(self, acme, ada):
        held = 100 + int(accrued(ada))

        with sharing_out(minutes=5):
            posting = ledger.spend(business=acme, account_id=ada.pk, amount=held)

        assert posting.balance_after == 0
        assert verification.verify() == []


class TestAMerge:
    def test_lets_no_minute_begin_which_would_lock_what_it_has_yet_to_lock(self, acme, start, holder):
        programme = start(per_day=1440)
        with clock.moved_to(clock.wall() - 2 * accrual.HOUR):
            ada, bob = holder(100), holder(100)
        begin_an_hour_ago(programme)
        accrual.catch_up(programme)
        begin_an_hour_ago(programme)
        before = accrued(ada) + accrued(bob)

        with transaction.atomic():
            merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
            assert at_once(1, lambda _: accrual.catch_up(programme)) == [None]  # nor does it wait
            assert accrued(ada) + accrued(bob) == before

        accrual.catch_up(programme)
        assert accrued(ada) + accrued(bob) >= before + 60


def paid(person):
    entries = books.entries(business=person.business, account_id=person.pk).filter(source_type="hold")
    return sum(entry.amount for entry in entries)


@contextmanager
def sharing_out(*, minutes):
    """A worker is at it from the beginning to the end: its transaction is open."""
    at_it, over = threading.Event(), threading.Event()

    def work():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for programme in HoldProgramme.objects.filter(status="active"):
                    until = programme.accrued_until + minutes * accrual.HOUR / 60
                    cursor.execute("SELECT laurel_accrue(%s, %s)", [programme.pk, until])
                    assert cursor.fetchone() == (True,)
                at_it.set()
                assert over.wait(30)
        finally:
            at_it.set()
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    at_it.wait()
    try:
        yield
    finally:
        over.set()
        worker.join()
