"""Points are given once, within bounds, and every account's story stays whole."""

import pytest
from django.db import IntegrityError

from loyalty.kernel import points
from loyalty.kernel.errors import NotFound
from loyalty.models import Account, Event
from loyalty.selectors import ledger as wallets
from loyalty.services import accounts, idempotency, ledger


@pytest.fixture
def account(acme):
    return accounts.open_account(business=acme, external_id="ada-1")


def wallet(account):
    return wallets.wallets(business=account.business, account_ids=[account.pk])[account.pk]


class TestAward:
    def test_refuses_an_unknown_account(self, acme, rival):
        stranger = accounts.open_account(business=rival)

        with pytest.raises(NotFound):
            ledger.award(business=acme, account_id=stranger.pk, amount=5)

    def test_refuses_an_unknown_metric(self, acme, account):
        with pytest.raises(NotFound) as refused:
            ledger.award(business=acme, account_id=account.pk, amount=5, metric="stars")

        assert refused.value.field == "metric"

    def test_refuses_a_blocked_account(self, acme, account):
        accounts.set_blocked(business=acme, account_id=account.pk, blocked=True)

        with pytest.raises(ledger.AccountNotActive):
            ledger.award(business=acme, account_id=account.pk, amount=5)

    def test_refuses_what_no_json_reader_can_hold(self, acme, account):
        balance = points.MAX_BALANCE - 1
        for _ in range(2):
            ledger.award(business=acme, account_id=account.pk, amount=balance // 2)

        with pytest.raises(ledger.BalanceLimitReached):
            ledger.award(business=acme, account_id=account.pk, amount=2)

    def test_refuses_the_same_source_twice(self, acme, account):
        order = ledger.Source("order", "1001")
        ledger.award(business=acme, account_id=account.pk, amount=5, source=order)

        with pytest.raises(ledger.AlreadyPosted):
            ledger.award(business=acme, account_id=account.pk, amount=5, source=order)

    def test_gives_points_and_says_so(self, acme, account):
        posting = ledger.award(business=acme, account_id=account.pk, amount=120, description="Welcome")

        assert (posting.amount, posting.balance_after, posting.type) == (120, 120, "earn")
        assert posting.description == "Welcome"
        assert wallet(account) == wallets.Wallet(amount=120, lifetime_earned=120)
        assert Event.objects.for_business(acme).get(topic="points/earned").facts["balance"] == 120

    def test_is_one_statement(self, acme, account, django_assert_num_queries):
        with django_assert_num_queries(1):
            ledger.award(business=acme, account_id=account.pk, amount=5)

    def test_lifts_to_the_tier_that_the_lifetime_reaches(self, acme, account):
        ledger.award(business=acme, account_id=account.pk, amount=1_200)

        account.refresh_from_db()
        assert account.tier.key == "silver"
        assert Event.objects.for_business(acme).filter(topic="customers/tier_changed").count() == 1

    def test_leaves_a_tier_that_an_operator_chose(self, acme, account):
        accounts.set_tier(business=acme, account_id=account.pk, tier_key="gold")
        ledger.award(business=acme, account_id=account.pk, amount=1_200)

        account.refresh_from_db()
        assert account.tier.key == "gold"

        accounts.set_tier(business=acme, account_id=account.pk, tier_key=None)
        account.refresh_from_db()
        assert account.tier.key == "silver"


class TestIdempotencyKey:
    def key(self, acme, fingerprint=b"1" * 32):
        return idempotency.Key(acme.pk, "order-1001", fingerprint)

    def test_refuses_another_request(self, acme, account):
        ledger.award(business=acme, account_id=account.pk, amount=5, key=self.key(acme))

        with pytest.raises(idempotency.KeyMismatch):
            ledger.award(business=acme, account_id=account.pk, amount=6, key=self.key(acme, b"2" * 32))

    def test_answers_the_first_posting_again(self, acme, account):
        first = ledger.award(business=acme, account_id=account.pk, amount=5, key=self.key(acme))
        again = ledger.award(business=acme, account_id=account.pk, amount=5, key=self.key(acme))

        assert again.is_replay
        assert again.id == first.id
        assert wallet(account).amount == 5

    def test_keeps_a_refusal_even_when_points_arrive(self, acme, account):
        key = self.key(acme)
        with pytest.raises(ledger.InsufficientPoints):
            ledger.spend(business=acme, account_id=account.pk, amount=50, key=key)
        ledger.award(business=acme, account_id=account.pk, amount=100)

        with pytest.raises(ledger.InsufficientPoints) as refused:
            ledger.spend(business=acme, account_id=account.pk, amount=50, key=key)

        assert refused.value.is_replay
        assert refused.value.balance == 0


class TestTheDatabaseItself:
    @pytest.mark.parametrize(
        "statement", ["UPDATE loyalty_ledgerentry SET amount = 1", "DELETE FROM loyalty_ledgerentry"]
    )
    def test_refuses_to_change_history(self, acme, account, statement, django_db_blocker):
        from django.db import connection, transaction

        ledger.award(business=acme, account_id=account.pk, amount=5)

        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
        assert Account.objects.for_business(acme).count() == 1
