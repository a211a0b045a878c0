"""Many report the same at once: one order pays once, one friend is new once. Each guard has a control."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from advocates.models import Advocate
from advocates.services import advocates
from referrals.models import Conversion, Referral
from referrals.services import codes, conversions, friends
from tests.races import at_once, errors
from tests.referrals.conftest import points_of

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50


@pytest.fixture
def two_codes(acme, adas, bob) -> list[str]:
    codes.create(business=acme, advocate_id=bob.pk, code="BOBS")
    return ["ADA-1815", "BOBS"]


@pytest.fixture
def without_the_constraint() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE referrals_conversion DROP CONSTRAINT one_conversion_per_order")
    yield
    Conversion.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE referrals_conversion ADD CONSTRAINT one_conversion_per_order UNIQUE (business_id, order_id)"
        )


def together(function, count):
    """Everyone has looked before the first one acts."""
    gate = threading.Barrier(count)

    def wrapped(*args, **named):
        found = function(*args, **named)
        gate.wait(timeout=30)
        return found

    return wrapped


def paid(results):
    return [result for result in results if result.points]


class TestOneOrder:
    def test_reported_fifty_times_pays_once(self, acme, ada, adas, order):
        results = at_once(CROWD, lambda _: order("1001", email="charles@example.com"))

        assert errors(results) == []
        assert (len(paid(results)), Conversion.objects.count(), points_of(ada)) == (1, 1, 200)
        assert Advocate.objects.count() == 2

    def test_reported_with_two_codes_pays_one_of_them(self, ada, bob, two_codes, order):
        results = at_once(CROWD, lambda n: order("1001", code=two_codes[n % 2], email="charles@example.com"))

        assert errors(results) == []
        assert (len(paid(results)), Conversion.objects.count(), points_of(ada) + points_of(bob)) == (1, 1, 200)

    @pytest.mark.usefixtures("without_the_constraint")
    @pytest.mark.breaks_the_books
    def test_is_paid_twice_without_the_constraint(self, ada, bob, two_codes, order, monkeypatch):
        monkeypatch.setattr(conversions, "_drafted", together(conversions._drafted, 2))

        at_once(2, lambda n: order("1001", code=two_codes[n]))

        assert points_of(ada) + points_of(bob) == 400


class TestOneFriend:
    def test_who_is_new_joins_once_and_their_first_order_pays(self, ada, adas, order):
        results = at_once(20, lambda n: order(str(n), email="charles@example.com"))

        assert errors(results) == []
        assert (len(paid(results)), points_of(ada), Advocate.objects.count()) == (1, 200, 2)

    def test_with_two_codes_is_paid_for_once(self, ada, bob, two_codes, order):
        results = at_once(20, lambda n: order(str(n), code=two_codes[n % 2], email="charles@example.com"))

        assert errors(results) == []
        assert (len(paid(results)), points_of(ada) + points_of(bob)) == (1, 200)

    def test_is_paid_for_more_often_without_the_lock(self, ada, bob, adas, order, monkeypatch):
        monkeypatch.setattr(friends, "lock", lambda *, business, account_ids: None)
        monkeypatch.setattr(conversions, "_drafted", together(conversions._drafted, 10))

        results = at_once(10, lambda n: order(str(n), external_id="bob-1"))

        assert len(paid(results)) == 10


def test_friends_who_bring_each_other_never_wait_in_a_circle(ada, bob, two_codes, order):
    """Both accounts are locked once, sorted: either is referrer in one order and friend in the next."""
    people = [("ADA-1815", "bob-1"), ("BOBS", "ada-1")]

    results = at_once(CROWD, lambda n: order(str(n), code=people[n % 2][0], external_id=people[n % 2][1]))

    assert errors(results) == []
    assert Conversion.objects.count() == CROWD


def test_who_joins_by_a_code_and_who_orders_by_it_never_wait_in_a_circle(acme, adas, order):
    """Whoever changes who brought whom has locked the code's owner before."""

    def come(number):
        if number % 2:
            return advocates.create(business=acme, external_id=f"joins-{number}", referral_code="ADA-1815")
        return order(str(number), external_id=f"orders-{number}")

    results = at_once(16, come)

    assert errors(results) == []
    assert Referral.objects.count() == 16
