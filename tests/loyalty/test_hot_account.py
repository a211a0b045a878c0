"""One account under fire: awards, spends and reversals at once, in two metrics, and every read adds up."""

import random

import pytest
from django.db import connection

from loyalty.models import Metric
from loyalty.models.ledger import Balance
from loyalty.selectors import ledger as wallets
from loyalty.services import accounts, ledger, verification
from tests.races import at_once, errors, rewritten

WRITERS, ROUNDS = 12, 25

AGREE = """
    SELECT b.amount = coalesce((SELECT sum(l.remaining) FROM loyalty_lot l
        WHERE l.account_id = b.account_id AND l.metric_id = b.metric_id), 0)
    FROM loyalty_balance b WHERE b.account_id = %s
"""


@pytest.fixture
def account(transactional_db, acme):
    Metric.objects.create(business=acme, key="stars", title="Stars")
    account = accounts.open_account(business=acme)
    for metric in ("points", "stars"):
        ledger.award(business=acme, account_id=account.pk, amount=500, metric=metric)
    return account


@pytest.fixture
def without_the_lock(transactional_db):
    with rewritten("laurel_lock", lambda sql: sql.replace("FOR NO KEY UPDATE OF a", "")):
        yield


def storm(account):
    """Every writer awards, spends and reverses at random; every third one reads between its writes."""

    def write(number):
        dice = random.Random(number)
        for _ in range(ROUNDS):
            metric = dice.choice(["points", "stars"])
            amount = dice.randint(1, 40)
            try:
                if dice.random() < 0.5:
                    ledger.award(business=account.business, account_id=account.pk, amount=amount, metric=metric)
                else:
                    spent = ledger.spend(
                        business=account.business, account_id=account.pk, amount=amount, metric=metric
                    )
                    if dice.random() < 0.3:
                        ledger.reverse(business=account.business, entry_id=spent.id)
            except ledger.InsufficientPoints:
                pass
            if number % 3 == 0:
                assert_agrees(account)

    return at_once(WRITERS, write)


def assert_agrees(account):
    with connection.cursor() as cursor:
        cursor.execute(AGREE, [account.pk])
        assert all(agrees for (agrees,) in cursor.fetchall())


class TestHotAccount:
    def test_adds_up_at_every_read(self, account):
        assert errors(storm(account)) == []
        assert verification.verify() == []

    @pytest.mark.breaks_the_books
    def test_breaks_without_the_lock(self, account, without_the_lock):
        failures = errors(storm(account))

        assert failures or verification.verify()


class TestOneBalance:
    def test_is_spent_once_by_fifty_at_once(self, account):
        spend = lambda _: ledger.spend(business=account.business, account_id=account.pk, amount=500)  # noqa: E731

        results = at_once(50, spend)

        refused = [error for error in errors(results) if isinstance(error, ledger.InsufficientPoints)]
        assert (len(refused), len(errors(results))) == (49, 49)
        wallet = wallets.wallets(business=account.business, account_ids=[account.pk])[account.pk]
        assert wallet.amount == 0

    def test_never_falls_below_its_floor(self, account):
        assert Balance.objects.filter(account=account, amount__lt=0).count() == 0
