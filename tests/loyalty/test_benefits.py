"""What a person is given for what they did: once per occasion, and taken back whole."""

import pytest

from loyalty.kernel.errors import Invalid, NotFound
from loyalty.selectors import ledger as books
from loyalty.services import accounts, benefits, ledger
from loyalty.services.kinds.benefits.base import Occasion

OCCASION = Occasion(source=ledger.Source("quest", "q1"), action="quest")
TEN_AND_FIVE = [
    {"kind": "metric", "metric": "points", "quantity": 10},
    {"kind": "metric", "metric": "points", "quantity": 5},
]


@pytest.fixture
def account(acme):
    return accounts.open_account(business=acme)


def points_of(account):
    return books.wallets(business=account.business, account_ids=[account.pk])[account.pk].amount


class TestRefuses:
    @pytest.mark.parametrize(
        ("benefit", "field"),
        [
            ({"kind": "wish", "quantity": 1}, "benefits.0.kind"),
            ({"quantity": 1}, "benefits.0.kind"),
            ({"kind": "metric", "quantity": 0}, "benefits.0"),
            ({"kind": "metric", "quantity": "ten"}, "benefits.0"),
            ({"kind": "metric", "quantity": 1, "colour": "red"}, "benefits.0"),
        ],
    )
    def test_what_means_nothing(self, acme, benefit, field):
        with pytest.raises(Invalid) as refused:
            benefits.checked([benefit], business=acme, field="benefits")

        assert refused.value.field == field

    def test_a_metric_of_another_programme(self, acme):
        benefit = {"kind": "metric", "metric": "stars", "quantity": 1}

        with pytest.raises(NotFound) as refused:
            benefits.checked([benefit], business=acme, field="benefits")

        assert refused.value.field == "benefits.0.metric"

    def test_to_give_twice_for_one_occasion(self, acme, account):
        benefits.give(TEN_AND_FIVE, business=acme, account_id=account.pk, occasion=OCCASION)

        with pytest.raises(ledger.AlreadyPosted):
            benefits.give(TEN_AND_FIVE, business=acme, account_id=account.pk, occasion=OCCASION)

        assert points_of(account) == 15

    def test_to_take_back_twice(self, acme, account):
        benefits.give(TEN_AND_FIVE, business=acme, account_id=account.pk, occasion=OCCASION)
        benefits.take_back(TEN_AND_FIVE, business=acme, account_id=account.pk, occasion=OCCASION)

        with pytest.raises(ledger.AlreadyReversed):
            benefits.take_back(TEN_AND_FIVE, business=acme, account_id=account.pk, occasion=OCCASION)

        assert points_of(account) == 0


class TestGives:
    def test_all_of_them(self, acme, account):
        given = benefits.give(TEN_AND_FIVE, business=acme, account_id=account.pk, occasion=OCCASION)

        assert (given, points_of(account)) == (15, 15)

    def test_and_takes_the_same_back(self, acme, account):
        ledger.award(business=acme, account_id=account.pk, amount=7)
        benefits.give(TEN_AND_FIVE, business=acme, account_id=account.pk, occasion=OCCASION)

        taken = benefits.take_back(TEN_AND_FIVE, business=acme, account_id=account.pk, occasion=OCCASION)

        assert (taken, points_of(account)) == (15, 7)
