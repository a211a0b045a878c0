"""People whom the merchant names by its own id: known ones are found, new ones join, once."""

from datetime import timedelta
from threading import Barrier

import pytest

from advocates.models import Advocate
from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, Invalid
from loyalty.models import Event
from loyalty.services import accounts
from tests.races import at_once

pytestmark = pytest.mark.django_db


def find(business, external_id="42", **rest):
    return advocates.find_or_create_by_external_id(business=business, external_id=external_id, **rest)


class TestRefuses:
    @pytest.mark.parametrize("external_id", ["", " 42", "4/2", "4\n", "4\x002", "x" * 129])
    def test_an_external_id_that_makes_no_sense(self, acme, external_id):
        with pytest.raises(Invalid) as refused:
            find(acme, external_id)

        assert refused.value.field == "externalId"
        assert not Advocate.objects.for_business(acme).exists()

    def test_an_email_that_makes_no_sense(self, acme):
        with pytest.raises(Invalid) as refused:
            find(acme, email="nobody")

        assert refused.value.field == "email"


class TestFinds:
    def test_who_is_known(self, acme, ada):
        assert find(acme, "ada-1", email="other@example.com").pk == ada.pk
        assert Advocate.objects.get(pk=ada.pk).email == "ada@example.com"

    def test_nobody_of_another_business(self, acme, eve):
        assert find(acme, "eve-1", email="eve@example.com").pk != eve.pk

    def test_a_newcomer_joins(self, acme):
        newcomer = find(acme, email="new@example.com", name="New")

        assert (newcomer.external_id, newcomer.account.external_id) == ("42", "42")
        assert Event.objects.filter(account_id=newcomer.pk, topic="customers/joined").count() == 1

    def test_by_email_who_has_no_external_id(self, acme):
        known = advocates.create(business=acme, email="ada@example.com")

        adopted = find(acme, email="ADA@example.com")

        assert (adopted.pk, adopted.external_id, adopted.account.external_id) == (known.pk, "42", "42")
        assert find(acme).pk == known.pk

    def test_an_email_of_somebody_else_stays_theirs(self, acme, ada):
        newcomer = find(acme, email="ada@example.com")

        assert (newcomer.pk == ada.pk, newcomer.email) == (False, None)


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    @pytest.fixture(autouse=True)
    def _both_look_before_one_opens(self, monkeypatch):
        both_have_looked, open_account = Barrier(2), accounts.open_account

        def wait_and_open(**rest):
            both_have_looked.wait(timeout=10)
            return open_account(**rest)

        monkeypatch.setattr(accounts, "open_account", wait_and_open)

    def test_make_one(self, acme):
        found = at_once(2, lambda _: find(acme, email="ada@example.com"))

        assert len({advocate.pk for advocate in found}) == 1
        assert Advocate.objects.for_business(acme).count() == 1
        assert Event.objects.for_business(acme).count() == 1

    def test_without_the_second_look_one_fails(self, acme):
        def look_once(_):
            try:
                return advocates._find_or_create(acme, "42", "ada@example.com", "")
            except Conflict as conflict:
                return conflict

        assert sum(isinstance(found, Conflict) for found in at_once(2, look_once)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_ids_for_one_email_at_once_are_two_people(acme):
    advocates.create(business=acme, email="ada@example.com")

    at_once(2, lambda number: find(acme, f"id-{number}", email="ada@example.com"))

    people = Advocate.objects.for_business(acme)
    assert sorted(people.values_list("external_id", flat=True)) == ["id-0", "id-1"]
    assert set(people.values_list("email", flat=True)) == {None, "ada@example.com"}


class TestTouch:
    def test_remembers_to_the_minute(self, acme, ada):
        first = clock.wall()
        for seconds, remembered in ((0, 0), (59, 0), (61, 61)):
            with clock.moved_to(first + timedelta(seconds=seconds)):
                advocates.touch(business=acme, advocate_id=ada.pk)
            seen = Advocate.objects.get(pk=ada.pk).last_seen_at
            assert seen == first + timedelta(seconds=remembered)

    def test_nobody_of_another_business(self, acme, eve):
        advocates.touch(business=acme, advocate_id=eve.pk)

        assert Advocate.objects.get(pk=eve.pk).last_seen_at is None
