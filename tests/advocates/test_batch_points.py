"""POST /batch/points, and taking a batch back."""

from datetime import timedelta
from uuid import uuid4

import pytest

from advocates.services import mappings
from loyalty.kernel import clock
from loyalty.models import Account, Batch
from loyalty.models.ledger import LedgerEntry
from loyalty.services import ledger, merges
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db


def to(advocate, amount=10, **rest):
    return {"advocateId": str(advocate.pk), "amount": amount, **rest}


def send(api, *items, **headers):
    return api.post("/batch/points", {"items": list(items)}, **headers)


def balance(api, advocate):
    return api.get(f"/advocates/{advocate.pk}/points").json()["balance"]


def statuses(response):
    return [each["status"] for each in response.json()["results"]]


class TestRefuses:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "items"),
            ({"items": []}, "items"),
            ({"items": {}}, "items"),
            ({"items": [5]}, "items.0"),
            ({"items": [{}] * 1001}, "items"),
            ({"items": [{}], "dryRun": True}, "dryRun"),
        ],
    )
    def test_what_is_no_list_of_items(self, api, body, field):
        assert_refused(api.post("/batch/points", body), "VALIDATION_ERROR", field)
        assert not Batch.objects.exists()

    def test_more_than_five_megabytes(self, api):
        assert_refused(api.post("/batch/points", b" " * 5_000_001), "PAYLOAD_TOO_LARGE", None, status=413)

    def test_a_batch_of_another_business(self, rival_api, api, ada):
        batch = send(api, to(ada)).json()["batchId"]

        responses = [rival_api.post(f"/batch/{each}/undo") for each in (batch, uuid4())]

        assert_same_refusal(*responses, "NOT_FOUND", status=404)
        assert balance(api, ada) == 10


class TestEachItemIsOnItsOwn:
    def test_a_bad_one_spoils_no_other(self, api, ada, bob, eve):
        response = send(
            api,
            to(ada),
            {"amount": 5},
            to(ada, 0),
            to(ada, "5"),
            to(ada, -50),
            to(eve),
            to(ada, metric="xp"),
            to(ada, colour="red"),
            to(ada, externalId="ada-1"),
            {"externalId": "bob-1", "amount": 7},
            {"externalId": "eve-1", "amount": 7},
            to(ada, expiresAt="2020-01-01T00:00:00Z"),
        )
        body = response.json()

        assert statuses(response) == [200, 400, 400, 400, 400, 404, 404, 400, 400, 200, 404, 400]
        errors = [each["error"] and (each["error"]["code"], each["error"]["field"]) for each in body["results"]]
        assert errors == [
            None,
            ("VALIDATION_ERROR", "advocateId"),
            ("VALIDATION_ERROR", "amount"),
            ("VALIDATION_ERROR", "amount"),
            ("INSUFFICIENT_POINTS", None),
            ("NOT_FOUND", None),
            ("NOT_FOUND", "metric"),
            ("VALIDATION_ERROR", "colour"),
            ("VALIDATION_ERROR", "advocateId"),
            None,
            ("NOT_FOUND", None),
            ("VALIDATION_ERROR", "expiresAt"),
        ]
        assert (body["succeeded"], body["failed"]) == (2, 10)
        assert [each["index"] for each in body["results"]] == list(range(12))
        assert (balance(api, ada), balance(api, bob)) == (10, 7)

    def test_a_blocked_one_is_a_conflict(self, api, ada, bob):
        Account.objects.filter(pk=ada.pk, business=ada.business).update(status="blocked")

        assert statuses(send(api, to(ada), to(bob))) == [409, 200]

    def test_items_see_those_before_them(self, api, ada):
        response = send(api, to(ada, 30), to(ada, -20), to(ada, -20), to(ada, 5, type="deduct"))

        assert statuses(response) == [200, 200, 400, 200]
        assert [each["newBalance"] for each in response.json()["results"]] == [30, 10, None, 5]

    def test_awards_can_ripen_and_expire(self, api, ada):
        later = (clock.wall() + timedelta(days=3)).isoformat()

        send(api, to(ada, 30, pendingUntil=later), to(ada, 20, expiresAt=later))

        points = api.get(f"/advocates/{ada.pk}/points").json()
        assert (points["balance"], points["pending"], len(points["expiring"])) == (20, 30, 1)


class TestDoesItOnce:
    def test_per_call(self, api, ada):
        first = send(api, to(ada), Idempotency_Key="batch-1")
        again = send(api, to(ada), Idempotency_Key="batch-1")

        assert (again["Idempotent-Replayed"], again.content) == ("true", first.content)
        assert balance(api, ada) == 10

    def test_per_item_in_whichever_batch_it_comes(self, api, ada, bob):
        first = send(api, to(ada, idempotencyKey="visit-1"), to(ada, idempotencyKey="visit-1"))
        again = send(api, to(bob), to(ada, idempotencyKey="visit-1"), to(ada, 11, idempotencyKey="visit-1"))

        assert statuses(again) == [200, 200, 422]
        assert again.json()["results"][1]["transaction"] == first.json()["results"][0]["transaction"]
        assert balance(api, ada) == 10

    def test_a_repeat_may_name_times_that_have_come(self, api, ada):
        item = to(ada, idempotencyKey="visit-1", expiresAt=(clock.wall() + timedelta(hours=1)).isoformat())
        send(api, item)

        with clock.moved_to(clock.wall() + timedelta(hours=2)):
            assert statuses(send(api, item)) == [200]


class TestWhomAnIdMeans:
    def test_is_found_by_mapped_ids_and_after_merges(self, api, acme, ada, bob):
        mappings.create(business=acme, advocate_id=ada.pk, external_customer_id="shop-7")
        merges.merge(business=acme, source_id=bob.pk, target_id=ada.pk)

        answer = send(api, *({"externalId": name, "amount": 5} for name in ("shop-7", "bob-1", "ada-1")))

        assert [each["newBalance"] for each in answer.json()["results"]] == [5, 10, 15]


class TestUndo:
    def test_takes_everything_back(self, api, ada, bob, give):
        give(bob, 50)
        batch = send(api, to(ada, 30), to(bob, -20), {}).json()["batchId"]

        response = api.post(f"/batch/{batch}/undo")

        assert statuses(response) == [200, 200, 200]
        assert [each["newBalance"] for each in response.json()["results"]] == [0, 50, None]
        assert (balance(api, ada), balance(api, bob)) == (0, 50)
        assert Batch.objects.get().undone_at

    def test_says_what_is_spent_already(self, api, acme, ada, bob):
        batch = send(api, to(ada, 30), to(bob, 30)).json()["batchId"]
        ledger.spend(business=acme, account_id=ada.pk, amount=25)

        response = api.post(f"/batch/{batch}/undo")

        assert statuses(response) == [400, 200]
        assert response.json()["results"][0]["error"]["code"] == "INSUFFICIENT_POINTS"
        assert (balance(api, ada), balance(api, bob)) == (5, 0)

    def test_does_nothing_the_second_time(self, api, ada):
        batch = send(api, to(ada, 30)).json()["batchId"]
        api.post(f"/batch/{batch}/undo")
        entries = LedgerEntry.objects.count()

        again = api.post(f"/batch/{batch}/undo")

        assert again.json()["results"] == [
            {"index": 0, "status": 200, "error": None, "transaction": None, "newBalance": None}
        ]
        assert LedgerEntry.objects.count() == entries

    def test_leaves_what_an_earlier_batch_posted(self, api, ada):
        send(api, to(ada, idempotencyKey="visit-1"))
        batch = send(api, to(ada, idempotencyKey="visit-1")).json()["batchId"]

        api.post(f"/batch/{batch}/undo")

        assert balance(api, ada) == 10


class TestEvents:
    def test_tell_that_it_was_a_batch(self, api, ada):
        batch = send(api, to(ada)).json()["batchId"]
        api.post(f"/batch/{batch}/undo")

        transactions = api.get(f"/advocates/{ada.pk}/transactions").json()["transactions"]

        assert [(each["type"], each["source"]["type"]) for each in transactions] == [
            ("reverse", "entry"),
            ("earn", "batch"),
        ]
        assert transactions[1]["source"]["id"] == f"{batch}:1"


def test_a_thousand_awards_are_two_round_trips_to_the_ledger(api, ada, bob, django_assert_max_num_queries):
    api.get("/me")

    with django_assert_max_num_queries(12):
        response = send(api, *[to((ada, bob)[n % 2], 1) for n in range(1000)])

    assert response.json()["succeeded"] == 1000
