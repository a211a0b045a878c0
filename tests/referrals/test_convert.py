"""An order of a friend pays both sides, once for ever."""

from uuid import uuid4

import pytest

from advocates.models import Advocate
from loyalty.models import Event
from loyalty.services import accounts
from referrals.models import Conversion, Referral
from referrals.services import programmes
from tests.referrals.conftest import points_of
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db

BODY = {"code": "ADA-1815", "orderId": "1001", "orderValue": "42.00", "friendEmail": "charles@example.com"}


def convert(api, **said):
    return api.post("/referrals/convert", {**BODY, **said})


def topics(advocate):
    rows = Event.objects.for_business(advocate.business).filter(account_id=advocate.pk).order_by("sequence")
    return list(rows.values_list("topic", flat=True))


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"code": ""}, "code"),
            ({"orderId": ""}, "orderId"),
            ({"orderId": 1001}, "orderId"),
            ({"orderId": "1" * 129}, "orderId"),
            ({"orderValue": "-1"}, "orderValue"),
            ({"orderValue": "1.005"}, "orderValue"),
            ({"orderValue": "NaN"}, "orderValue"),
            ({"currency": "EURO"}, "currency"),
            ({"friendEmail": "nobody"}, "friendEmail"),
            ({"friendExternalId": "a/b"}, "friendExternalId"),
            ({"clientIp": "somewhere"}, "clientIp"),
            ({"orderTotal": 5}, "orderTotal"),
        ],
    )
    def test_what_means_nothing(self, api, adas, said, field):
        assert_refused(convert(api, **said), "VALIDATION_ERROR", field)
        assert not Conversion.objects.exists()

    def test_a_code_of_another_business_like_one_that_nobody_has(self, api, rival_api, adas):
        foreign, unknown = convert(rival_api), convert(rival_api, code="NOBODYS")

        assert_same_refusal(foreign, unknown, "NOT_FOUND", status=404)
        assert_refused(foreign, "NOT_FOUND", "code", status=404)


class TestPays:
    def test_both_sides_and_lets_the_friend_join(self, api, acme, ada, adas):
        answer = convert(api)

        friend = Advocate.objects.for_business(acme).with_email("charles@example.com").get()
        assert answer.status_code == 200
        assert answer.json() == {
            "conversion": {
                "id": str(Conversion.objects.get().pk),
                "code": "ADA-1815",
                "orderId": "1001",
                "orderValue": "42.00",
                "currency": "EUR",
                "status": "confirmed",
                "reason": None,
                "createdAt": answer.json()["conversion"]["createdAt"],
            },
            "pointsAwarded": 200,
            "alreadyConverted": False,
        }
        assert (points_of(ada), points_of(friend)) == (200, 100)
        assert topics(ada)[-3:] == ["referrals/started", "points/earned", "referrals/completed"]

    def test_a_friend_who_is_known_already(self, api, ada, bob, adas):
        convert(api, friendEmail="BOB@example.com")

        assert (points_of(ada), points_of(bob), Advocate.objects.count()) == (200, 100, 2)

    def test_a_friend_by_the_shops_own_id_before_the_address(self, api, bob, adas):
        convert(api, friendExternalId="bob-1", friendEmail="other@example.com")

        assert points_of(bob) == 100
        assert Conversion.objects.get().friend_id == bob.pk

    def test_a_friend_by_an_earlier_order_of_the_same_visitor(self, acme, bob, adas, order):
        programmes.save(business=acme, completion="every_order")
        order("1", external_id="bob-1", visitor_id="v-1")

        order("2", visitor_id="v-1")

        assert points_of(bob) == 200

    def test_the_referrer_alone_when_nobody_can_name_the_friend(self, api, ada, adas):
        answer = convert(api, friendEmail=None)

        assert (answer.json()["pointsAwarded"], points_of(ada), Advocate.objects.count()) == (200, 200, 1)
        assert not Referral.objects.exists()

    def test_in_any_spelling_of_the_code(self, api, ada, adas):
        assert convert(api, code="ada-1815").json()["pointsAwarded"] == 200

    def test_what_the_programme_says(self, api, acme, ada, bob, adas):
        give = [{"kind": "metric", "metric": "points", "quantity": 7}]
        programmes.save(business=acme, referrer=[*give, *give], friend=[])

        assert convert(api, friendExternalId="bob-1").json()["pointsAwarded"] == 14
        assert (points_of(ada), points_of(bob)) == (14, 0)

    def test_money_with_the_digits_of_its_currency(self, api, adas):
        assert convert(api, orderValue=4200, currency="JPY").json()["conversion"]["orderValue"] == "4200"


class TestARepeat:
    def test_answers_the_first_conversion_and_pays_nothing(self, api, ada, adas):
        first = convert(api).json()

        again = convert(api, orderValue="99.00", friendEmail="other@example.com").json()

        assert again == {**first, "pointsAwarded": 0, "alreadyConverted": True}
        assert (points_of(ada), Conversion.objects.count()) == (200, 1)

    def test_with_another_code_does_too(self, api, acme, ada, bob, adas):
        other = api.post("/referrals", {"advocateId": str(bob.pk)}).json()["referral"]
        convert(api)

        again = convert(api, code=other["code"]).json()

        assert (again["conversion"]["code"], again["alreadyConverted"], points_of(bob)) == ("ADA-1815", True, 0)

    def test_is_another_businesss_own_order(self, rival_api, eve, api, adas):
        rival_api.post("/referrals", {"advocateId": str(eve.pk), "code": "ADA-1815"})
        convert(api)

        assert convert(rival_api).json()["pointsAwarded"] == 200
        assert points_of(eve) == 200


class TestLosesNothing:
    def test_when_the_referrer_cannot_be_paid(self, api, acme, ada, adas):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        answer = convert(api).json()

        assert (answer["conversion"]["status"], answer["conversion"]["reason"]) == ("held", "not_payable")
        assert (answer["pointsAwarded"], points_of(ada), Advocate.objects.count()) == (0, 0, 1)

    def test_when_the_friend_cannot_be_paid_nobody_is(self, api, acme, ada, bob, adas):
        accounts.set_blocked(business=acme, account_id=bob.pk, blocked=True)

        answer = convert(api, friendExternalId="bob-1").json()

        assert (answer["conversion"]["reason"], points_of(ada)) == ("not_payable", 0)

    def test_when_the_programme_is_paused(self, api, acme, ada, adas):
        programmes.save(business=acme, status="paused")

        answer = convert(api).json()

        assert (answer["conversion"]["status"], answer["conversion"]["reason"]) == ("rejected", "programme_paused")
        assert topics(ada)[-1] == "referrals/rejected"


class TestJoiningWithACode:
    def test_refuses_one_that_nobody_has(self, api, acme):
        answer = api.post("/advocates", {"email": "charles@example.com", "referralCode": "NOBODYS"})

        assert_refused(answer, "NOT_FOUND", "referralCode", status=404)
        assert not Advocate.objects.exists()

    def test_remembers_who_brought_the_friend(self, api, ada, adas):
        joined = api.post("/advocates", {"email": "charles@example.com", "referralCode": "ada-1815"}).json()

        brought = Referral.objects.get()
        assert (str(brought.friend_id), brought.code_id) == (joined["advocate"]["id"], adas.pk)
        assert topics(ada)[-1] == "referrals/started"
        assert points_of(ada) == 0

    def test_is_told_once(self, api, ada, adas):
        api.post("/advocates", {"email": "charles@example.com", "referralCode": "ADA-1815"})

        convert(api)

        assert topics(ada).count("referrals/started") == 1

    def test_of_another_business_is_none(self, rival_api, adas):
        answer = rival_api.post("/advocates", {"email": "eve2@example.com", "referralCode": "ADA-1815"})

        assert_refused(answer, "NOT_FOUND", "referralCode", status=404)


def test_an_idempotency_key_repeats_the_first_answer(api, adas):
    key = str(uuid4())
    first = api.post("/referrals/convert", BODY, Idempotency_Key=key)

    again = api.post("/referrals/convert", BODY, Idempotency_Key=key)

    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
