"""POST /batch/advocates."""

import pytest

from advocates.models import Advocate
from advocates.services import advocates, joining
from loyalty.models import Account
from loyalty.models.ledger import LedgerEntry
from loyalty.services import batches, earn_rules, ledger
from loyalty.services.earn_terms import Earn, Terms
from tests.races import at_once, errors

pytestmark = pytest.mark.django_db


def send(api, *items, **headers):
    return api.post("/batch/advocates", {"items": list(items)}, **headers)


PAIR = ({"email": "a@example.com"}, {"email": "b@example.com"})


@pytest.fixture
def welcome(acme):
    return earn_rules.create(business=acme, title="Welcome", terms=Terms(trigger="signup", earn=Earn(points=10)))


class TestEachItemIsOnItsOwn:
    def test_a_bad_one_spoils_no_other(self, api, ada, eve):
        response = send(
            api,
            {"email": "Joan@Example.com", "name": "Joan", "externalId": "joan-1", "metadata": {"vip": True}},
            {"name": "nobody"},
            {"email": "no address"},
            {"email": "ADA@example.com"},
            {"email": "x@example.com", "externalId": "ada-1"},
            {"email": "joan@example.com"},
            {"email": "y@example.com", "externalId": "joan-1"},
            {"email": "z@example.com", "birthday": "1850-01-01"},
            {"email": "eve@example.com", "externalId": "eve-1", "timezone": "Europe/Berlin"},
        )
        body = response.json()

        found = [(each["status"], each["error"] and each["error"]["field"]) for each in body["results"]]
        assert found == [
            (201, None),
            (400, "email"),
            (400, "email"),
            (409, "email"),
            (409, "externalId"),
            (409, "email"),
            (409, "externalId"),
            (400, "birthday"),
            (201, None),
        ]
        assert (body["succeeded"], body["failed"]) == (2, 7)

    def test_who_joined_is_as_if_alone(self, api):
        person = {"email": "joan@example.com", "name": "Joan", "externalId": "joan-1", "timezone": "Asia/Tokyo"}

        made = send(api, person).json()["results"][0]["advocate"]

        assert made == api.get(f"/advocates/{made['id']}").json()["advocate"]
        assert (made["tier"], made["timezone"], made["externalId"]) == ("bronze", "Asia/Tokyo", "joan-1")

    def test_people_without_external_ids_do_not_stand_in_each_others_way(self, api):
        assert send(api, {"email": "a@example.com"}, {"email": "b@example.com"}).json()["failed"] == 0


class TestDoesItOnce:
    def test_per_call(self, api, acme):
        first = send(api, {"email": "joan@example.com"}, Idempotency_Key="k")
        again = send(api, {"email": "joan@example.com"}, Idempotency_Key="k")

        assert again.content == first.content
        assert Advocate.objects.for_business(acme).count() == 1


def test_a_thousand_cost_as_many_statements_as_one(api, django_assert_max_num_queries):
    api.get("/me")

    with django_assert_max_num_queries(26):
        response = send(api, *[{"email": f"p{n}@example.com", "externalId": f"p{n}"} for n in range(1000)])

    assert response.json()["succeeded"] == 1000


@pytest.mark.django_db(transaction=True)
def test_somebody_who_joins_in_between_is_found(acme):
    def join(number):
        if number % 2:
            return advocates.create(business=acme, email="joan@example.com")
        return joining.join_many(
            business=acme, people=[{"email": "joan@example.com"}, {"email": f"{number}@x.example"}]
        )

    done = at_once(8, join)

    assert all(isinstance(error, advocates.EmailTaken) for error in errors(done))
    assert Advocate.objects.for_business(acme).with_email("joan@example.com").count() == 1
    assert Advocate.objects.for_business(acme).count() == 5


class TestSignUpRules:
    def test_pay_everybody_as_if_they_had_come_alone(self, api, welcome):
        made = [item["advocate"] for item in send(api, *PAIR).json()["results"]]

        assert [each["points"] for each in made] == [10, 10]

    def test_cost_as_many_statements_for_many(self, acme, welcome, django_assert_max_num_queries):
        joining.join_many(business=acme, people=[{"email": "first@example.com"}])

        for count in (2, 60):
            people = [{"email": f"{number}@{count}.example"} for number in range(count)]
            with django_assert_max_num_queries(26):
                joining.join_many(business=acme, people=people)


class TestUndo:
    def test_takes_back_what_joining_paid(self, api, welcome):
        sent = send(api, *PAIR, {"email": "bad"}).json()

        undone = api.post(f"/batch/{sent['batchId']}/undo").json()

        assert undone["failed"] == 0
        assert {account.status for account in Account.objects.all()} == {"erased"}
        assert [entry.amount for entry in LedgerEntry.objects.order_by("type", "account_id")] == [10, 10, -10, -10]

    def test_keeps_who_spent_what_joining_paid(self, api, acme, welcome):
        sent = send(api, *PAIR).json()
        ledger.spend(business=acme, account_id=sent["results"][1]["advocate"]["id"], amount=4)

        undone = api.post(f"/batch/{sent['batchId']}/undo").json()

        assert [item["status"] for item in undone["results"]] == [200, 409]
        assert sorted(Account.objects.values_list("status", flat=True)) == ["active", "erased"]

    def test_costs_as_many_statements_for_many(self, acme, welcome, django_assert_max_num_queries):
        for count in (2, 60):
            people = [{"email": f"{number}@{count}.example"} for number in range(count)]
            made = joining.join_many(business=acme, people=people).batch
            with django_assert_max_num_queries(70):
                batches.undo(business=acme, batch_id=made.pk)

    def test_erases_who_joined_but_not_who_has_been_active(self, api, give):
        sent = send(api, {"email": "a@example.com"}, {"email": "bad"}, {"email": "b@example.com"}).json()
        active = Advocate.objects.get(email="b@example.com")
        give(active, 5)

        undone = api.post(f"/batch/{sent['batchId']}/undo").json()
        again = api.post(f"/batch/{sent['batchId']}/undo").json()

        codes = [item["error"] and item["error"]["code"] for item in undone["results"]]
        assert codes == [None, None, "CONFLICT"]
        assert again["results"] == undone["results"]
        assert list(Advocate.objects.exclude(email=None).values_list("email", flat=True)) == ["b@example.com"]

    def test_of_another_business_is_none(self, api, rival_api):
        sent = send(api, {"email": "a@example.com"}).json()

        assert rival_api.post(f"/batch/{sent['batchId']}/undo").status_code == 404
