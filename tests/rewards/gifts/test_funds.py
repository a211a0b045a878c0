"""The deposit: every cent has two sides, it is never below zero, and nothing is moved twice."""

import time
from collections import Counter

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.kernel import ids
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.services import verification
from rewards.models import GiftFunds, GiftPosting
from rewards.services import gift_funds
from tests.races import at_once
from tests.rewards.gifts.conftest import available, fund

pytestmark = pytest.mark.django_db


def take(business, amount_minor):
    gift_funds.take(business=business, amount_minor=amount_minor, currency="EUR", order_id=ids.new_id())


class TestFunding:
    @pytest.mark.parametrize("amount", [0, -1, gift_funds.MOST + 1])
    def test_is_refused_for_nothing_and_for_too_much(self, acme, amount):
        with pytest.raises(Invalid):
            gift_funds.request(business=acme, amount_minor=amount)

    def test_is_applied_once(self, acme):
        asked = gift_funds.request(business=acme, amount_minor=500)
        assert available(acme) == 0
        gift_funds.apply(business=acme, request_id=asked.pk)

        with pytest.raises(gift_funds.AlreadyDecided):
            gift_funds.apply(business=acme, request_id=asked.pk)
        assert available(acme) == 500

    def test_that_is_refused_is_never_there(self, acme):
        asked = gift_funds.request(business=acme, amount_minor=500)
        gift_funds.refuse(business=acme, request_id=asked.pk)

        with pytest.raises(gift_funds.AlreadyDecided):
            gift_funds.apply(business=acme, request_id=asked.pk)
        assert available(acme) == 0

    def test_of_another_business_does_not_exist(self, acme, rival):
        asked = gift_funds.request(business=rival, amount_minor=500)

        with pytest.raises(NotFound):
            gift_funds.apply(business=acme, request_id=asked.pk)


class TestPostings:
    @pytest.mark.parametrize(
        "change", ["UPDATE rewards_giftposting SET amount_minor = 1", "DELETE FROM rewards_giftposting"]
    )
    def test_are_never_changed(self, acme, change):
        fund(acme, 500)

        with pytest.raises((IntegrityError, InternalError)), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)

    def test_cannot_overdraw_whatever_the_code_does(self, acme):
        fund(acme, 500)

        with pytest.raises(IntegrityError), transaction.atomic():
            GiftFunds.objects.for_business(acme).update(available_minor=-1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["fund", "take", "give back"]), st.integers(1, 10_000)), max_size=20))
def test_whatever_happens_the_deposit_is_what_a_list_says(acme, moves):
    with transaction.atomic():
        expected, sold = 0, []
        for kind, amount in moves:
            match kind:
                case "fund":
                    fund(acme, amount)
                    expected += amount
                case "take" if amount <= expected:
                    take(acme, amount)
                    expected -= amount
                    sold.append(amount)
                case "take":
                    with pytest.raises(gift_funds.InsufficientFunds):
                        take(acme, amount)
                case _ if sold:
                    back = sold.pop()
                    gift_funds.give_back(business=acme, cards=[(ids.new_id(), back)], currency="EUR")
                    expected += back
            assert available(acme) == expected
        by_side = Counter()
        for posting in GiftPosting.objects.for_business(acme):
            by_side[posting.debit] -= posting.amount_minor
            by_side[posting.credit] += posting.amount_minor
        assert by_side.total() == 0
        assert by_side["available"] == expected
        transaction.set_rollback(True)


def read_then_write(business, amount_minor, currency, order_id):
    """How money is lost: between the look and the change somebody else looks, too."""
    funds = GiftFunds.objects.get(business=business)
    if funds.available_minor < amount_minor:
        return False
    time.sleep(0.05)
    gift_funds._post(business, "available", "sold", [(order_id, amount_minor)], "order", currency)
    return bool(GiftFunds.objects.filter(pk=funds.pk).update(available_minor=funds.available_minor - amount_minor))


@pytest.mark.django_db(transaction=True)
class TestRace:
    def storm(self, acme):
        fund(acme, 10_00)
        return Counter(type(result).__name__ for result in at_once(30, lambda _: buy(acme)))

    @pytest.mark.breaks_the_books
    def test_for_ten_euros_buys_four_times_two_fifty(self, acme):
        assert self.storm(acme) == {"NoneType": 4, "InsufficientFunds": 26}
        assert available(acme) == 0

    @pytest.mark.breaks_the_books
    def test_would_buy_more_without_the_conditional_update(self, acme, monkeypatch):
        monkeypatch.setattr(gift_funds, "_take", read_then_write)

        assert self.storm(acme)["NoneType"] > 4
        assert "the deposit for gift cards is what its postings add up to" in {
            finding.check for finding in verification.verify()
        }


def buy(business):
    with transaction.atomic():
        take(business, 2_50)
