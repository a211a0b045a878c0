"""POST /batch/events."""

import pytest

from advocates.api import event_batches
from advocates.services import mappings
from loyalty.models import Action
from loyalty.services import earn_rules, merges, quests
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.quest_rules import Rules, TaskRules, in_points
from tests.races import at_once

pytestmark = pytest.mark.django_db


def send(api, *items, **headers):
    return api.post("/batch/events", {"items": list(items)}, **headers)


def ride(advocate, **rest):
    return {"advocateId": str(advocate.pk), "event": "ride", **rest}


def balance(api, advocate):
    return api.get(f"/advocates/{advocate.pk}/points").json()["balance"]


@pytest.fixture
def commuter(acme):
    step = TaskRules(title="Ride twice", type="event", trigger="ride", target=2)
    return quests.create(business=acme, title="Commuter", rules=Rules(tasks=[step], benefits=[in_points(50)]))


class TestEachItemIsOnItsOwn:
    def test_a_bad_one_spoils_no_other(self, api, ada, eve, commuter):
        body = send(
            api,
            ride(ada, data={"km": 3}),
            {"event": "ride"},
            ride(ada, externalId="ada-1"),
            {"externalId": "nobody", "event": "ride"},
            ride(eve),
            ride(ada, data={"km": [3]}),
            ride(ada, wish="none"),
            {"externalId": "ada-1", "event": "ride"},
            {"externalId": "ada-1", "event": "sneeze"},
        ).json()

        statuses = [item["status"] for item in body["results"]]
        assert statuses == [200, 400, 400, 404, 404, 400, 400, 200, 200]
        assert [item["outcome"] for item in body["results"]][-2:] == ["matched", "unmatched"]
        assert [item["pointsAwarded"] for item in body["results"]] == [0, 0, 0, 0, 0, 0, 0, 50, 0]
        assert (body["succeeded"], body["failed"], balance(api, ada)) == (3, 6, 50)

    @pytest.mark.parametrize("items", [[], [{"event": "ride"}] * 1001, "ride", None])
    def test_a_batch_that_is_none_is_refused_whole(self, api, items):
        assert api.post("/batch/events", {"items": items}).status_code == 400


class TestDoesItOnce:
    def test_an_event_with_an_id_counts_once_in_whichever_batch(self, api, ada, commuter):
        first = send(api, ride(ada, eventId="r1"), ride(ada, eventId="r1")).json()
        again = send(api, ride(ada, eventId="r1")).json()

        assert [item["alreadyCounted"] for item in first["results"] + again["results"]] == [False, True, True]
        assert Action.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_batches_at_once_lose_nothing_and_pay_once(self, api, ada, bob, commuter):
        pairs = [(ada, bob), (bob, ada)] * 4

        answers = at_once(8, lambda number: send(api, *map(ride, pairs[number])).status_code)

        assert answers == [200] * 8
        assert (balance(api, ada), balance(api, bob)) == (50, 50)
        assert Action.objects.count() == 16


class TestUndo:
    def test_takes_back_what_the_events_paid(self, api, ada, give, commuter):
        give(ada, 7)
        batch = send(api, ride(ada), ride(ada)).json()["batchId"]
        assert balance(api, ada) == 57

        undone = api.post(f"/batch/{batch}/undo").json()
        again = api.post(f"/batch/{batch}/undo").json()

        assert [item["transaction"]["amount"] for item in undone["results"]] == [-50]
        assert again["results"][0]["transaction"] is None
        assert balance(api, ada) == 7

    def test_says_what_is_spent_already(self, api, ada, commuter):
        batch = send(api, ride(ada), ride(ada)).json()["batchId"]
        api.post(f"/advocates/{ada.pk}/points", {"amount": -20})

        (item,) = api.post(f"/batch/{batch}/undo").json()["results"]

        assert item["error"]["code"] == "INSUFFICIENT_POINTS"


class TestWhomAnIdMeans:
    def test_is_found_by_mapped_ids_and_after_merges(self, api, acme, ada, bob, commuter, django_assert_num_queries):
        mappings.create(business=acme, advocate_id=ada.pk, external_customer_id="shop-7")
        merges.merge(business=acme, source_id=bob.pk, target_id=ada.pk)

        sent = [{"externalId": name, "event": "ride"} for name in ("shop-7", "bob-1", "ada-1", "nobody")]
        answer = send(api, *sent).json()

        assert [item["status"] for item in answer["results"]] == [200, 200, 200, 404]
        assert {action.account_id for action in Action.objects.all()} == {ada.pk}
        with django_assert_num_queries(2):
            event_batches.reports_of(acme, sent)

    def test_is_somebody_of_this_business(self, api, rival, eve):
        mappings.create(business=rival, advocate_id=eve.pk, external_customer_id="shop-7")

        answer = send(api, *({"externalId": name, "event": "ride"} for name in ("shop-7", "eve-1"))).json()

        assert [item["error"]["code"] for item in answer["results"]] == ["NOT_FOUND", "NOT_FOUND"]


def test_fifty_cost_as_many_statements_as_one(api, ada, bob, commuter, django_assert_max_num_queries):
    send(api, ride(bob))

    for count in (1, 50):
        with django_assert_max_num_queries(14):
            send(api, *[{"externalId": "ada-1", "event": "sneeze"}] * count)


def test_fifty_that_a_rule_pays_for_cost_as_many_statements_as_one(api, acme, ada, bob, django_assert_num_queries):
    earn_rules.create(business=acme, title="Swim", terms=Terms(trigger="swim", earn=Earn(points=1)))
    swims = [{"externalId": who, "event": "swim"} for who in ("ada-1", "bob-1")]
    send(api, *swims)

    for count in (1, 25):
        with django_assert_num_queries(9):  # ids, begin, people, their room, awards, actions, entries, batch, commit
            assert send(api, *swims * count).json()["succeeded"] == 2 * count
