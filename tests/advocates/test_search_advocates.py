"""GET /advocates?search=: any part of a name, an e-mail address or an external id, in any case, by an index."""

from hashlib import md5

import pytest
from django.db import connection
from django.db.models import Subquery

from advocates.models import Advocate
from advocates.services import advocates
from loyalty.models import Account
from loyalty.selectors import ledger as books
from loyalty.selectors import tiers

pytestmark = pytest.mark.django_db


def found(api, text):
    return sorted(a["externalId"] for a in api.get("/advocates", search=text).json()["advocates"])


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Love", ["ada-1"]),
        ("LOVE", ["ada-1"]),
        ("ada love", ["ada-1"]),
        ("ada@", ["ada-1"]),
        ("bob-1", ["bob-1"]),
        ("example.com", ["ada-1", "bob-1"]),
        ("b", ["bob-1"]),
        ("a@", ["ada-1"]),
        ("lovelace ada", []),
        ("a%a", []),
        ("ad_", []),
        ("\\", []),
        ("'; --", []),
        ("lovelaceada", []),
    ],
)
def test_finds_any_part_and_nothing_else(api, ada, bob, text, who):
    assert found(api, text) == who


@pytest.mark.parametrize("text", ["ÅSA", "åsa", "ström", "STRÖM", "李小龍", "小龍"])
def test_finds_letters_beyond_ascii(api, acme, text):
    advocates.create(business=acme, external_id="1", name="Åsa Ström 李小龍")

    assert found(api, text) == ["1"]


def test_a_changed_name_is_found_by_its_new_parts_only(api, acme, ada):
    advocates.update(business=acme, advocate_id=ada.pk, name="Ada King", external_id="k-1")

    assert (found(api, "king"), found(api, "k-1"), found(api, "lovelace")) == (["k-1"], ["k-1"], [])


@pytest.mark.breaks_the_books  # ten thousand people with points that they never earned
class TestByIndex:
    @pytest.fixture
    def town(self, acme):
        """Ten thousand people, as fast as they can move in."""
        homes = [Account(business=acme, external_id=md5(b"%d" % i).hexdigest()) for i in range(1, 10_001)]
        Account.objects.bulk_create(homes)
        Advocate.objects.bulk_create(
            Advocate(pk=home.pk, account=home, business=acme, external_id=home.external_id) for home in homes
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT gin_clean_pending_list('advocates_by_trigram')")
            cursor.execute("UPDATE loyalty_balance SET amount = ('x' || right(account_id::text, 4))::bit(16)::int")
            cursor.execute("ANALYZE advocates_advocate, loyalty_balance, loyalty_account")
        return acme

    def test_is_how_people_are_found_and_listed(self, town):
        people = Advocate.objects.for_business(town)
        newest_first = ("-created_at", "-id")

        for part in ("c4ca4238", "c4c", "zq"):
            assert "advocates_by_trigram" in people.search(part).order_by(*newest_first)[:20].explain()
        assert "one_advocate_per_email" in people.with_email("a@b.example").explain()
        listed = people.order_by(*newest_first)[:20].explain()
        assert "advocates_by_age" in listed
        assert "Sort" not in listed

    def test_is_how_people_are_ordered_and_filtered_by_points(self, town):
        people = books.with_points(Advocate.objects.for_business(town), business=town)
        richest = people.order_by("-points", "-account_id")[:20].explain()
        rich = people.filter(points__gte=65_000).order_by("-created_at", "-id")[:20].explain()

        for plan in (richest, rich):
            assert "balances_by_amount" in plan
            assert "SubPlan" not in plan
        assert "Sort" not in richest

    def test_is_how_a_tier_that_few_reached_is_found(self, town):
        gold = tiers.tier_named(town, "gold").values("pk")
        people = Advocate.objects.for_business(town).filter(account__business=town, account__tier=Subquery(gold))

        assert "accounts_by_tier" in people.order_by("-created_at", "-id")[:20].explain()
