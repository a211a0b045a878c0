"""PUT, GET and the points of /customers."""

from datetime import datetime, timedelta

import pytest

from advocates.models import Advocate
from loyalty.kernel import clock
from loyalty.models import Event
from loyalty.services import earn_rules
from loyalty.services.earn_terms import Earn, Terms
from tests.advocates.shop.conftest import balance, moves
from tests.races import at_once, errors
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def signup(acme):
    return earn_rules.create(
        business=acme, title="Hello", key="hi", terms=Terms(trigger="signup", earn=Earn(points=50))
    )


class TestRefuses:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"email": "nobody"}, "email"),
            ({"birthdayMonth": 5}, "birthdayDay"),
            ({"birthdayMonth": 2, "birthdayDay": 30}, "birthdayDay"),
            ({"phone": "030 123"}, "phone"),
            ({"tags": [""]}, "tags.0"),
            ({"tags": "vip"}, "tags"),
            ({"points": 5}, "points"),
        ],
    )
    def test_what_makes_no_sense(self, api, body, field):
        assert_refused(api.put("/customers/new-1", body), "VALIDATION_ERROR", field)
        assert not Advocate.objects.exists()

    def test_ids_that_nobody_has(self, api):
        assert_refused(api.put("/customers/%20", {}), "VALIDATION_ERROR", "externalId")
        assert_refused(api.put("/customers", {}), "VALIDATION_ERROR", "externalId")
        for path in ("/customers/nobody", "/customers/nobody/points", "/customers/nobody/points/deduct"):
            response = api.get(path) if path.endswith("nobody") else api.post(path, {"points": 5})
            assert_refused(response, "NOT_FOUND", None, status=404)

    def test_an_address_that_is_somebody_elses(self, api, ada):
        assert_refused(api.put("/customers/new-1", {"email": "ada@example.com"}), "CONFLICT", "email", status=409)

    def test_a_customer_of_another_business(self, rival_api, ada):
        assert_refused(rival_api.get("/customers/ada-1"), "NOT_FOUND", None, status=404)


class TestPut:
    def test_lets_whoever_is_new_join_and_pays_for_that_once(self, api, signup):
        body = {"email": "New@example.com", "firstName": "New", "lastName": "Comer", "tags": ["vip"]}
        answers = [api.put("/customers/new-1", body), api.put("/customers", {"externalId": "new-1", **body})]

        assert [answer.status_code for answer in answers] == [201, 200]
        customer = answers[1].json()["customer"]
        assert (customer["name"], customer["email"], customer["tags"]) == ("New Comer", "new@example.com", ["vip"])
        assert (customer["pointBalance"], customer["currentLoyaltyTier"]["title"]) == (50, "Bronze")
        assert Event.objects.filter(topic="customers/joined").count() == 1

    def test_leaves_what_it_does_not_name(self, api, ada):
        api.put("/customers/ada-1", {"metadata": {"size": "L"}, "acceptsMarketing": True})
        customer = api.put("/customers/ada-1", {"phone": "+4930123456"}).json()["customer"]

        assert (customer["name"], customer["email"]) == ("Ada Lovelace", "ada@example.com")
        assert (customer["metadata"], customer["acceptsMarketing"]) == ({"size": "L"}, True)

    @pytest.mark.parametrize(
        ("said", "name"),
        [
            ({"firstName": "Ada"}, "Ada Lovelace"),  # the whole name is known, and no last one to join it with
            ({"firstName": "Augusta", "lastName": "King"}, "Augusta King"),
            ({"firstName": "Augusta", "name": "Lady Lovelace"}, "Lady Lovelace"),
        ],
    )
    def test_makes_a_name_of_its_parts_and_loses_none(self, api, ada, said, name):
        assert api.put("/customers/ada-1", said).json()["customer"]["name"] == name

    def test_makes_a_name_of_parts_as_long_as_they_may_be(self, api):
        customer = api.put("/customers/new-1", {"firstName": "A" * 100, "lastName": "L" * 100}).json()["customer"]

        assert customer["name"] == "A" * 100 + " " + "L" * 99

    def test_joins_one_part_with_the_other_that_is_known(self, api):
        api.put("/customers/new-1", {"firstName": "Grace", "lastName": "Murray"})

        customer = api.put("/customers/new-1", {"lastName": "Hopper"}).json()["customer"]

        assert (customer["name"], customer["firstName"]) == ("Grace Hopper", "Grace")

    def test_empties_what_is_null(self, api):
        api.put("/customers/new-1", {"phone": "+4930123456", "tags": ["vip"], "name": "New"})

        customer = api.put("/customers/new-1", {"phone": None, "tags": None, "name": None}).json()["customer"]

        assert (customer["phone"], customer["tags"], customer["name"]) == (None, [], None)

    def test_knows_birthdays_without_a_year(self, api, ada):
        api.patch(f"/advocates/{ada.pk}", {"birthday": "1990-12-10"})
        customer = api.put("/customers/ada-1", {"birthdayMonth": 12, "birthdayDay": 11}).json()["customer"]
        assert (customer["birthdayMonth"], customer["birthdayDay"]) == (12, 11)
        assert api.get(f"/advocates/{ada.pk}").json()["advocate"]["birthday"] == "1990-12-11"

        leap = api.put("/customers/new-1", {"birthdayMonth": 2, "birthdayDay": 29}).json()["customer"]
        assert (leap["birthdayMonth"], leap["birthdayDay"]) == (2, 29)

    def test_takes_a_person_with_this_address_for_the_customer(self, api, signup):
        known = api.post("/advocates", {"email": "ada@example.com"}).json()["advocate"]
        answer = api.put("/customers/4711", {"email": "ada@example.com"})

        assert (answer.status_code, answer.json()["customer"]["id"]) == (200, known["id"])

    @pytest.mark.parametrize(
        ("days", "asked", "points"), [(-9, None, 0), (-9, True, 50), (0, None, 50), (0, False, 0), (None, None, 50)]
    )
    def test_pays_nobody_for_being_older_than_the_programme_unless_asked(self, api, acme, signup, days, asked, points):
        since = None if days is None else (acme.created_at + timedelta(days=days)).isoformat()
        body = {"createdAt": since, "signupPoints": asked}

        customer = api.put("/customers/old-1", body).json()["customer"]

        assert customer["pointBalance"] == points
        if days:
            assert customer["createdAt"] == since.replace("+00:00", "Z")

    @pytest.mark.django_db(transaction=True)
    def test_at_once_lets_them_join_once(self, api, signup):
        results = at_once(10, lambda _: api.put("/customers/new-1", {"email": "new@example.com"}))

        assert errors(results) == []
        assert sorted(result.status_code for result in results) == [200] * 9 + [201]
        assert balance(Advocate.objects.get()) == 50


class TestList:
    def test_filters(self, api, acme, ada, bob, give):
        give(ada, 500)
        later = (clock.wall() + timedelta(days=1)).isoformat()
        now = (clock.wall() - timedelta(minutes=1)).isoformat()

        def found(**query):
            return [one["externalId"] for one in api.get("/customers", **query).json()["customers"]]

        assert found() == ["bob-1", "ada-1"]
        assert found(email="ADA@example.com") == ["ada-1"]
        assert found(minPointBalance=1) == ["ada-1"]
        assert found(maxPointBalance=499) == ["bob-1"]
        assert found(createdAfter=now) == ["bob-1", "ada-1"]
        assert found(updatedAfter=later) == found(lastSeenAfter=now) == []

    @pytest.mark.parametrize(
        ("name", "path", "body"),
        [
            ("updatedAfter", "/customers", {"externalId": "ada-1", "phone": "+4930123456"}),
            ("lastSeenAfter", "/customers/ada-1/points", {"points": 5, "updateLastSeen": True}),
        ],
    )
    def test_finds_who_was_changed_or_seen_since(self, api, ada, bob, name, path, body):
        yesterday, now, tomorrow = (clock.wall() + timedelta(days=days) for days in (-1, 0, 1))
        Advocate.objects.update(created_at=yesterday, updated_at=yesterday)

        def found(since):
            answer = api.get("/customers", **{name: since.isoformat()}).json()
            return [one["externalId"] for one in answer["customers"]]

        assert found(now) == []
        send = api.post if "points" in body else api.put
        assert send(path, body).status_code == 200

        assert found(now) == ["ada-1"]
        assert found(tomorrow) == []
        moment = datetime.fromisoformat(api.get("/customers/ada-1").json()["customer"][name.replace("After", "At")])
        assert found(moment) == []  # after, and not at
        assert found(moment - timedelta(milliseconds=1)) == ["ada-1"]

    def test_goes_on_by_cursor(self, api, ada, bob):
        page = api.get("/customers", limit=1).json()
        rest = api.get("/customers", limit=1, cursor=page["nextCursor"]).json()

        assert [page["customers"][0]["externalId"], rest["customers"][0]["externalId"]] == ["bob-1", "ada-1"]
        assert rest["nextCursor"] is None


class TestPoints:
    def test_are_given_and_put_down_to_a_rule(self, api, ada, signup):
        body = {"points": 100, "summary": "Sorry", "earnRuleId": str(signup.pk), "updateLastSeen": True}
        answer = api.post("/customers/ada-1/points", body).json()

        assert (answer["newBalance"], answer["transaction"]["description"]) == (100, "Sorry")
        assert (answer["transaction"]["ruleId"], answer["transaction"]["ruleVersion"]) == (str(signup.pk), 1)
        assert api.get("/customers/ada-1").json()["customer"]["lastSeenAt"]

    def test_are_not_given_for_a_rule_that_is_none(self, api, ada):
        body = {"points": 100, "earnRuleId": str(ada.pk)}

        assert_refused(api.post("/customers/ada-1/points", body), "NOT_FOUND", "earnRuleId", status=404)

    def test_are_taken_as_far_as_they_go(self, api, ada, give):
        give(ada, 30)

        assert api.post("/customers/ada-1/points/deduct", {"points": 20, "summary": "Oops"}).json()["newBalance"] == 10
        refused = api.post("/customers/ada-1/points/deduct", {"points": 20})
        assert_refused(refused, "INSUFFICIENT_POINTS", None)

    def test_move_once_by_a_key(self, api, ada):
        for _ in range(2):
            answer = api.post("/customers/ada-1/points", {"points": 5}, Idempotency_Key="k-1")

        assert answer["Idempotent-Replayed"] == "true"
        assert moves(ada) == [("earn", 5)]
