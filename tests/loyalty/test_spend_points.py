"""Spending takes what expires soonest, never more than there is, and can be undone exactly."""

from datetime import timedelta

import pytest

from loyalty.kernel import clock
from loyalty.models import Event
from loyalty.models.ledger import Lot
from loyalty.selectors import ledger as wallets
from loyalty.services import accounts, ledger, settlement


@pytest.fixture
def account(acme):
    return accounts.open_account(business=acme)


@pytest.fixture
def award(acme, account):
    def give(amount, **rest):
        return ledger.award(business=acme, account_id=account.pk, amount=amount, **rest)

    return give


@pytest.fixture
def spend(acme, account):
    def take(amount, **rest):
        return ledger.spend(business=acme, account_id=account.pk, amount=amount, **rest)

    return take


def wallet(account):
    return wallets.wallets(business=account.business, account_ids=[account.pk])[account.pk]


def in_days(days):
    return clock.wall() + timedelta(days=days)


def remaining(*postings):
    return [Lot.objects.get(entry_id=posting.id).remaining for posting in postings]


class TestSpend:
    def test_refuses_more_than_the_balance_and_says_what_is_missing(self, account, award, spend):
        award(30)

        with pytest.raises(ledger.InsufficientPoints) as refused:
            spend(31)

        assert (refused.value.balance, refused.value.needed) == (30, 31)
        assert wallet(account).amount == 30

    def test_refuses_points_that_are_not_ripe(self, award, spend):
        award(100, pending_until=in_days(3))

        with pytest.raises(ledger.InsufficientPoints):
            spend(1)

    def test_refuses_points_that_have_expired_though_no_sweep_has_run(self, award, spend):
        award(100, expires_at=in_days(3))

        with clock.moved_to(in_days(4)), pytest.raises(ledger.InsufficientPoints):
            spend(1)

    def test_takes_the_soonest_to_expire_first(self, award, spend):
        lasting, late, soon = award(50), award(50, expires_at=in_days(60)), award(50, expires_at=in_days(5))

        spend(70)

        assert remaining(lasting, late, soon) == [50, 30, 0]

    def test_is_one_round_trip(self, award, spend, django_assert_num_queries):
        award(50)

        with django_assert_num_queries(1):
            spend(20)


class TestReverse:
    def test_refuses_the_second_time(self, acme, award, spend):
        award(50)
        spent = spend(20)
        ledger.reverse(business=acme, entry_id=spent.id)

        with pytest.raises(ledger.AlreadyReversed):
            ledger.reverse(business=acme, entry_id=spent.id)

    def test_refuses_to_take_back_what_is_spent(self, acme, award, spend):
        earned = award(50)
        spend(20)

        with pytest.raises(ledger.InsufficientPoints):
            ledger.reverse(business=acme, entry_id=earned.id)

    def test_gives_a_spend_back_to_the_same_lots(self, acme, account, award, spend):
        soon, lasting = award(50, expires_at=in_days(5)), award(50)
        spent = spend(70)

        reversal = ledger.reverse(business=acme, entry_id=spent.id)

        assert reversal.amount == 70
        assert remaining(soon, lasting) == [50, 50]
        assert wallet(account) == wallets.Wallet(amount=100, lifetime_earned=100)

    def test_takes_an_earning_out_of_its_own_lot(self, acme, account, award):
        soon, lasting = award(50, expires_at=in_days(5)), award(50)

        ledger.reverse(business=acme, entry_id=lasting.id)

        assert remaining(soon, lasting) == [50, 0]
        assert wallet(account).lifetime_earned == 50

    def test_takes_pending_points_before_they_ripen(self, acme, account, award):
        pending = award(50, pending_until=in_days(5))

        ledger.reverse(business=acme, entry_id=pending.id)

        assert wallet(account) == wallets.EMPTY


class TestSettle:
    def test_ripens_and_expires_what_is_due_and_nothing_else(self, acme, account, award):
        award(10)
        award(20, pending_until=in_days(2))
        award(40, expires_at=in_days(3))

        with clock.moved_to(in_days(4)):
            assert settlement.settle_due() == 2

        assert wallet(account) == wallets.Wallet(amount=30, lifetime_earned=70)
        topics = Event.objects.for_business(acme).order_by("sequence").values_list("topic", flat=True)
        assert list(topics)[-2:] == ["points/earned", "points/expired"]

    def test_does_nothing_the_second_time(self, award):
        award(40, expires_at=in_days(3))

        with clock.moved_to(in_days(4)):
            settlement.settle_due()
            assert settlement.settle_due() == 0

    def test_follows_the_sandbox_clock(self, acme):
        sandbox = acme.sandbox
        account = accounts.open_account(business=sandbox)
        ledger.award(business=sandbox, account_id=account.pk, amount=5, expires_at=in_days(1))
        sandbox.clock_offset = timedelta(days=2)
        sandbox.save(update_fields=["clock_offset"])

        assert settlement.settle_due() == 1
        assert wallet(account).amount == 0
