"""POST /loyalty-cards/lookup: who shows their card at a till is found by it, and nobody finds one by trying."""

from collections import Counter

import pytest

from advocates.models import Advocate
from advocates.services import advocates, joining, loyalty_cards
from advocates.services.joining import Newcomer, Others
from loyalty.kernel import card_numbers, clock
from loyalty.models import Event
from loyalty.services import erasure, merges
from tests import dashboards
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def lookup(client, number):
    return client.post("/loyalty-cards/lookup", {"card": number})


def number_of(advocate):
    return loyalty_cards.number_of(Advocate.objects.get(pk=advocate.pk))


class TestRefuses:
    @pytest.mark.parametrize("body", [{}, {"card": ""}, {"card": "2" * 65}, {"card": 7}, {"card": None}])
    def test_what_is_no_number(self, api, body):
        assert_refused(api.post("/loyalty-cards/lookup", body), "VALIDATION_ERROR", "card")

    def test_every_number_that_finds_nobody_in_the_same_words(self, acme, api, ada, bob, eve):
        replaced, erased = number_of(ada), number_of(bob)
        loyalty_cards.reissue(business=acme, advocate_id=ada.pk)
        erasure.erase(business=acme, account_id=bob.pk)
        mistyped = number_of(ada)[:-1] + "2" if number_of(ada)[-1] != "2" else number_of(ada)[:-1] + "3"

        tried = [replaced, erased, mistyped, number_of(eve), card_numbers.new_number(), "nonsense"]
        answers = [lookup(api, number) for number in tried]

        for answer in answers:
            assert_refused(answer, "NOT_FOUND", "card", status=404)
        assert len({answer.json()["error"]["message"] for answer in answers}) == 1


class TestFinds:
    def test_whoever_shows_it_however_it_is_typed(self, api, ada):
        number = api.get("/customers/ada-1").json()["customer"]["loyaltyCard"]

        for typed in (number, card_numbers.grouped(number), card_numbers.grouped(number).lower().replace(" ", "-")):
            assert lookup(api, typed).json()["customer"]["id"] == str(ada.pk)

    def test_everybody_however_they_joined(self, acme, api):
        api.put("/customers/new-1", {"email": "new@example.com"})
        joining.join_named(business=acme, external_ids=["named-1"])
        joining.join_all(business=acme, people=[Newcomer({"external_id": "many-1"})], others=Others((), ()))
        advocates.create(business=acme, external_id="one-1")

        people = list(Advocate.objects.for_business(acme))
        numbers = {loyalty_cards.number_of(person) for person in people}
        assert len(numbers - {None}) == len(people) == 4
        assert all(lookup(api, loyalty_cards.number_of(each)).status_code == 200 for each in people)

    def test_the_one_whom_its_holder_was_merged_into(self, acme, api, ada, bob):
        merge = merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        assert lookup(api, number_of(ada)).json()["customer"]["id"] == str(bob.pk)

        merges.undo(business=acme, merge_id=merge.pk)
        assert lookup(api, number_of(ada)).json()["customer"]["id"] == str(ada.pk)

    def test_nobody_by_what_the_database_holds(self, ada):
        row = Advocate.objects.get(pk=ada.pk)

        assert number_of(ada).encode() not in bytes(row.card_sealed) + bytes(row.card_hash)


class TestGuessing:
    def test_is_stopped_for_the_key_and_for_the_address(self, acme, rival_api, api, ada):
        with clock.moved_to(clock.wall()):  # within one minute
            answers = Counter(lookup(api, card_numbers.new_number()).status_code for _ in range(110))
            assert lookup(api, number_of(ada)).status_code == 429
            assert lookup(rival_api, card_numbers.new_number()).status_code == 429  # the same address
            assert api.get("/customers/ada-1").status_code == 200

        assert answers == {404: 100, 429: 10}

    def test_costs_who_is_right_nothing(self, api, ada):
        number = number_of(ada)
        with clock.moved_to(clock.wall()):
            assert {lookup(api, number).status_code for _ in range(110)} == {200}

    def test_is_refused_while_nobody_can_count(self, api, ada, monkeypatch):
        monkeypatch.setattr("loyalty.api.limits._ask_redis", lambda windows, at: None)

        assert lookup(api, number_of(ada)).status_code == 503


class TestHeld:
    def test_is_exported_and_erased(self, acme, ada):
        number = number_of(ada)
        held = erasure.export(business=acme, account_id=ada.pk)["held"]["profile"]
        assert held["loyaltyCard"] == number

        erasure.erase(business=acme, account_id=ada.pk)
        assert number_of(ada) is None

    def test_is_never_published(self, api, ada):
        assert number_of(ada) not in str(api.get("/events").json())


class TestInTheDashboard:
    @pytest.fixture
    def olga(self, acme):
        return dashboards.works_for(acme)

    def test_is_shown_and_issued_anew(self, olga, ada):
        old = number_of(ada)
        assert card_numbers.grouped(old) in dashboards.text_of(olga.get(dashboards.page(ada)))

        answer = olga.post(dashboards.page(ada, "new_card"), follow=True)

        assert number_of(ada) != old
        assert card_numbers.grouped(number_of(ada)) in dashboards.text_of(answer)
        assert Event.objects.filter(topic="customers/updated", facts__fields=["loyalty_card"]).count() == 1

    def test_is_not_for_whoever_was_erased(self, olga, acme, ada):
        erasure.erase(business=acme, account_id=ada.pk)

        assert olga.post(dashboards.page(ada, "new_card")).status_code == 403
