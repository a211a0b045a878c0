"""The sweeps: page by page, as often and as many at once as you like."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from loyalty.kernel import clock
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import ledger as books
from loyalty.services import accounts, ledger, settlement
from tests.loyalty import declared
from tests.races import blocked, rewritten

YESTERDAY = timedelta(days=-1)


def expired(business):
    rows = LedgerEntry.objects.for_business(business).filter(type="expire").order_by("account_id", "sequence")
    return list(rows.values_list("account_id", "amount"))


@pytest.fixture
def people(acme):
    """Five people, each with three lots that are due on two days, and one that is not."""
    opened = [accounts.open_account(business=acme) for _ in range(5)]
    for account in opened:
        for amount, days in ((1, -1), (2, -1), (4, -2), (8, 30)):
            at = clock.wall() + timedelta(days=days)
            due = at.replace(hour=0, minute=0, second=0, microsecond=0)
            ledger.award(business=acme, account_id=account.pk, amount=amount, expires_at=due)
    return sorted(account.pk for account in opened)


class TestSweep:
    @pytest.mark.parametrize("page", [1, 2, 4, 250])
    def test_settles_everybody_page_by_page(self, acme, people, monkeypatch, page):
        monkeypatch.setattr(settlement, "PAGE", page)

        assert settlement.settle_due() == 15
        assert expired(acme) == [(account_id, amount) for account_id in people for amount in (-4, -3)]

    def test_does_nothing_the_second_time(self, acme, people):
        settlement.settle_due()

        assert settlement.settle_due() == 0
        assert len(expired(acme)) == 10

    def test_is_one_statement_for_all_the_accounts_of_a_page(self, acme, people, django_assert_num_queries):
        with django_assert_num_queries(8):  # the clocks, two pages of two businesses, one call between savepoints
            settlement.settle_due()

    def test_goes_on_where_it_was_stopped(self, acme, people, monkeypatch):
        monkeypatch.setattr(settlement, "PAGE", 4)
        pages = settlement._pages(acme.pk, clock.wall(), settlement.EXPIRED)
        settlement._settle_accounts(acme.pk, clock.wall(), next(pages))
        assert 0 < len(expired(acme)) < 10

        settlement.settle_due()

        assert len(expired(acme)) == 10

    def test_names_the_lots_of_an_entry(self, acme, people):
        settlement.settle_due()

        entry = LedgerEntry.objects.for_business(acme).filter(type="expire", amount=-3).first()
        why = books.why(business=acme, account_id=entry.account_id, entry_id=entry.pk)

        assert sorted(use.amount for use in why.took) == [1, 2]
        assert (entry.reason["basis"], entry.reason["lots"]) == ("lot", 2)

    def test_leaves_what_the_minimum_keeps_and_looks_at_it_no_more(self, acme, people):
        declared.points(acme, minimum=10)

        settlement.settle_due()

        wallets = books.wallets(business=acme, account_ids=people)
        assert {wallet.amount for wallet in wallets.values()} == {10}
        assert settlement.settle_due() == 0


class TestTwoAtOnce:
    """The second sweep comes while the first one's transaction is open."""

    @pytest.fixture
    def account(self, transactional_db, acme):
        account = accounts.open_account(business=acme)
        ledger.award(business=acme, account_id=account.pk, amount=100)
        ledger.award(business=acme, account_id=account.pk, amount=10, expires_at=clock.wall() + YESTERDAY)
        return account

    @pytest.fixture
    def without_the_locks(self, transactional_db):
        with (
            rewritten("laurel_lock", lambda sql: sql.replace("FOR NO KEY UPDATE OF a", "")),
            rewritten("laurel_settle_accounts", lambda sql: sql.replace("FOR NO KEY UPDATE SKIP LOCKED", "")),
        ):
            yield

    def sweep_twice(self):
        """What the second one settled, which starts when the first has settled and not committed."""
        answers = []

        def second():
            try:
                answers.append(settlement.settle_due())
            finally:
                connection.close()

        with transaction.atomic():
            assert settlement.settle_due() == 1
            thread = threading.Thread(target=second)
            thread.start()
            while thread.is_alive() and not blocked():
                time.sleep(0.01)
        thread.join()
        return answers

    def test_take_each_lot_once(self, acme, account):
        assert self.sweep_twice() == [0]
        assert expired(acme) == [(account.pk, -10)]

    @pytest.mark.breaks_the_books
    def test_take_it_twice_without_the_locks(self, acme, account, without_the_locks):
        assert self.sweep_twice() == [1]
        assert expired(acme) == [(account.pk, -10), (account.pk, -10)]

    def test_leave_a_busy_account_and_serve_the_others(self, acme, account):
        other = accounts.open_account(business=acme)
        ledger.award(business=acme, account_id=other.pk, amount=7, expires_at=clock.wall() + YESTERDAY)
        is_held, may_go = threading.Event(), threading.Event()

        def hold():
            with transaction.atomic():
                accounts.lock(business=acme, account_ids=[account.pk])
                is_held.set()
                may_go.wait()
            connection.close()

        holder = threading.Thread(target=hold)
        holder.start()
        is_held.wait()
        try:
            assert settlement.settle_due() == 1
            assert expired(acme) == [(other.pk, -7)]
        finally:
            may_go.set()
            holder.join()
        assert settlement.settle_due() == 1
