"""POST /event and /event/batch: what a merchant's backend tells of its users."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from advocates.models import Advocate
from advocates.services import mappings, user_events
from loyalty.kernel import clock
from loyalty.models import Action, Batch, Business, EventType
from loyalty.models.ledger import LedgerEntry
from loyalty.services import accounts, earn_rules, merges, quests
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.quest_rules import Condition, Rules, Sum, TaskRules, in_points
from tests import cast
from tests.loyalty.test_broken_requests import BROKEN
from tests.races import at_once, just_after
from tests.refusals import assert_integration_refused
from tests.test_broken_operations import ANYWHERE

pytestmark = pytest.mark.django_db

REQUIRED = ("id", "userId", "eventId", "value", "createdAt")


def ride(id="r1", user="ada-1", **rest):
    return {"id": id, "userId": user, "eventId": "ride", "value": 12, "createdAt": "2026-01-05 09:30:00", **rest}


def send(api, **said):
    return api.post("/event", ride(**said))


def send_many(api, *items):
    return api.post("/event/batch", list(items))


def set_policy(business, joins):
    Business.objects.filter(pk=business.pk).update(users_on_first_event=joins)


def nothing_happened():
    return not Action.objects.exists() and not LedgerEntry.objects.exists()


def balance(api, user="ada-1"):
    (found,) = api.get("/advocates", search=user).json()["advocates"]
    return found["points"]


@pytest.fixture
def commuter(acme):
    def make(**said):
        step = TaskRules(title="Ride", type="event", trigger="ride", **said)
        return quests.create(business=acme, title="Commuter", rules=Rules(tasks=[step], benefits=[in_points(50)]))

    return make


class TestWhatIsRefused:
    @pytest.mark.parametrize("name", REQUIRED)
    def test_is_an_event_without_a_field(self, ada, integration_api, name):
        body = {key: value for key, value in ride().items() if key != name}

        assert_integration_refused(integration_api.post("/event", body), "VALIDATION_ERROR", name)

    @pytest.mark.parametrize("name", [*REQUIRED, "eventTags", "data"])
    @pytest.mark.parametrize("wrong", [None, True, {"a": [1]}, [[]]])
    def test_is_a_field_of_the_wrong_type(self, ada, integration_api, name, wrong):
        error = integration_api.post("/event", ride() | {name: wrong})

        assert (error.status_code, error.json()["property"].split(".")[0]) == (400, name)
        assert nothing_happened()

    @pytest.mark.parametrize(
        ("name", "wrong", "property"),
        [
            ("id", "", "id"),
            ("id", "x" * 129, "id"),
            ("id", "a b", "id"),
            ("userId", "u" * 129, "userId"),
            ("userId", " ada", "userId"),
            ("userId", "a/b", "userId"),
            ("eventId", "", "eventId"),
            ("eventId", "e" * 65, "eventId"),
            ("value", "12", "value"),
            ("value", 10**17, "value"),
            ("createdAt", 1_777_000_000, "createdAt"),
            ("createdAt", "2026" * 20, "createdAt"),
            ("eventTags", ["t" * 65], "eventTags"),
            ("eventTags", ["t"] * 51, "eventTags"),
            ("data", {"km": "x" * 1025}, "data"),
            ("data", {str(n): n for n in range(51)}, "data"),
            ("wish", 1, "wish"),
        ],
    )
    def test_is_what_is_too_long_or_no_such_thing(self, ada, integration_api, name, wrong, property):
        response = integration_api.post("/event", ride() | {name: wrong})

        assert (response.status_code, response.json()["property"].split(".")[0]) == (400, property)
        assert nothing_happened()

    @pytest.mark.parametrize(
        "text",
        [
            *("2026-01-05", "2026-01-05T09:30:00", "2026-13-05 09:30:00", "2026-02-30 09:30:00", "05.01.2026 09:30"),
            *("0001-01-01T00:00:00+14:00", "yesterday", ""),
        ],
    )
    def test_is_a_time_that_is_none(self, ada, integration_api, text):
        assert_integration_refused(send(integration_api, createdAt=text), "VALIDATION_ERROR", "createdAt")

    @pytest.mark.parametrize("spelled", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+00:00"])
    def test_is_the_future(self, ada, integration_api, spelled):
        soon = datetime.now(UTC) + timedelta(minutes=5)

        response = send(integration_api, createdAt=soon.strftime(spelled))

        assert_integration_refused(response, "VALIDATION_ERROR", "createdAt")
        assert nothing_happened()

    @pytest.mark.parametrize("name", ["value", "createdAt", "eventTags"])
    def test_is_data_that_would_hide_the_events_own(self, ada, integration_api, name):
        assert_integration_refused(send(integration_api, data={name: 1}), "VALIDATION_ERROR", f"data.{name}")

    def test_is_a_declared_field_of_another_type_and_nobody_joins(self, acme, integration_api):
        EventType.objects.create(business=acme, name="ride", title="Ride", carries={"km": "number"})

        assert_integration_refused(send(integration_api, data={"km": "far"}), "VALIDATION_ERROR", "data.km")
        assert not Advocate.objects.exists()

    def test_is_every_broken_body(self, ada, integration_api):
        for path, wrap in (("/event", bytes), ("/event/batch", bytes)):
            for name, body, status, _ in BROKEN:
                if name in ANYWHERE:
                    response = integration_api.post(path, wrap(body))
                    assert response.status_code == status, name
                    assert set(json.loads(response.content)) == {"message", "property", "code", "requestId"}, name
        assert nothing_happened()

    def test_is_what_the_blocked_do(self, acme, ada, integration_api):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        assert_integration_refused(send(integration_api), "CONFLICT", None, status=409)


class TestAnEvent:
    def test_is_taken_in_without_a_word(self, ada, integration_api):
        response = send(integration_api, eventTags=["weekend"], data={"city": "Ulm"})

        assert (response.status_code, response.content) == (201, b"")
        action = Action.objects.get()
        assert (action.account_id, action.name, action.event_id, action.origin) == (ada.pk, "ride", "r1", "server")
        assert action.data == {
            "city": "Ulm",
            "value": 12,
            "createdAt": "2026-01-05T09:30:00+00:00",
            "eventTags": ["weekend"],
        }

    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("2026-01-05 09:30:00", "2026-01-05T09:30:00+00:00"),
            ("2026-01-05T09:30:00Z", "2026-01-05T09:30:00+00:00"),
            ("2026-01-05T09:30:00.250+02:00", "2026-01-05T07:30:00.250000+00:00"),
        ],
    )
    def test_says_when_it_was_in_either_spelling(self, ada, integration_api, text, meant):
        assert send(integration_api, createdAt=text).status_code == 201
        assert Action.objects.get().data["createdAt"] == meant

    def test_may_be_as_long_as_is_allowed(self, acme, integration_api):
        longest = {
            "eventId": "e" * 64,
            "eventTags": ["t" * 64] * 50,
            "data": {f"{number:064}": "x" * 1024 for number in range(50)},
        }

        assert send(integration_api, id="!" * 128, user="ü" * 128, **longest).status_code == 201

    def test_may_come_from_a_clock_that_is_a_little_fast(self, ada, integration_api):
        ahead = datetime.now(UTC) + timedelta(seconds=30)

        assert send(integration_api, createdAt=f"{ahead:%Y-%m-%d %H:%M:%S}").status_code == 201

    def test_is_of_the_sandboxs_own_time(self, acme, sandbox_api):
        sandbox_api.post("/test-clock", {"advance": "P30D"})
        api = cast.integration_client_of(acme.sandbox)
        then = clock.wall() + timedelta(days=20)

        assert send(api, user="new-1", createdAt=f"{then:%Y-%m-%d %H:%M:%S}").status_code == 201

    def test_moves_a_mission_by_its_value(self, ada, api, integration_api, commuter):
        commuter(measure=Sum(sum="value"), target=20)

        send(integration_api, id="r1", value=12.5)
        assert (
            integration_api.get("/integration/user/ada-1/missions").json()["missions"][0]["progress"]["value"] == 12.5
        )
        send(integration_api, id="r2", value=7.5)

        assert balance(api) == 50

    def test_moves_a_mission_that_asks_for_a_tag(self, ada, api, integration_api, commuter):
        commuter(conditions=[Condition(field="eventTags", operator="contains", value="weekend")])

        send(integration_api, id="r1", eventTags=["weekends", "work"])
        assert balance(api) == 0
        send(integration_api, id="r2", eventTags=["sunny", "weekend"])

        assert balance(api) == 50

    def test_finds_the_user_by_every_id_that_was_mapped(self, acme, ada, integration_api):
        mappings.create(business=acme, advocate_id=ada.pk, external_customer_id="outlet-77")

        assert send(integration_api, user="outlet-77").status_code == 201
        assert Action.objects.get().account_id == ada.pk

    def test_of_another_business_has_ids_of_its_own(self, ada, eve, rival, integration_api):
        assert send(integration_api).status_code == 201
        assert send(cast.integration_client_of(rival), user="eve-1").status_code == 201

    def test_is_of_whoever_the_user_was_merged_into(self, acme, ada, bob, integration_api):
        merges.merge(business=acme, source_id=bob.pk, target_id=ada.pk)

        assert send(integration_api, user="bob-1").status_code == 201
        assert Action.objects.get().account_id == ada.pk

    def test_costs_one_statement_where_nothing_listens(self, ada, integration_api, django_assert_num_queries):
        send(integration_api)

        with django_assert_num_queries(1):
            send(integration_api, id="r2")

    @pytest.mark.django_db(transaction=True)
    def test_costs_a_statement_more_than_an_action_where_a_step_advances(
        self, ada, integration_api, commuter, django_assert_num_queries
    ):
        commuter(target=5)
        send(integration_api)

        with django_assert_num_queries(2):  # whose it is, and all that comes of it
            send(integration_api, id="r2")


class TestAnUnknownUser:
    def test_joins_by_the_event_and_is_paid_for_it(self, acme, api, integration_api, commuter):
        commuter()
        earn_rules.create(business=acme, title="Hi", key="hi", terms=Terms(trigger="signup", earn=Earn(points=3)))

        assert send(integration_api, user="new-1").status_code == 201

        assert Advocate.objects.for_business(acme).get().external_id == "new-1"
        assert balance(api, "new-1") == 53

    def test_is_refused_and_not_made_where_nobody_joins_by_events(self, acme, integration_api):
        assert send(integration_api, user="new-1").status_code == 201  # the key is remembered from here on
        set_policy(acme, False)

        assert_integration_refused(send(integration_api, id="r2", user="new-2"), "NOT_FOUND", "userId", status=404)
        (item,) = send_many(integration_api, ride("r3", "new-3")).json()["results"]
        assert (item["status"], item["error"]["property"]) == (404, "userId")
        assert [each.external_id for each in Advocate.objects.all()] == ["new-1"]

    def test_is_not_made_by_an_id_that_was_received_before(self, ada, integration_api):
        send(integration_api)

        assert send(integration_api, user="new-1").status_code == 409
        assert Advocate.objects.count() == 1


class TestOnce:
    def test_is_how_often_an_id_is_received(self, ada, bob, api, integration_api, commuter):
        commuter()

        assert send(integration_api).status_code == 201
        for again in (send(integration_api), send(integration_api, user="bob-1", eventId="swim")):
            assert_integration_refused(again, "CONFLICT", "id", status=409)

        assert (balance(api), Action.objects.count()) == (50, 1)

    def test_goes_for_events_of_batches_of_either_surface_too(self, ada, api, integration_api):
        api.post("/batch/events", {"items": [{"externalId": "ada-1", "event": "ride", "eventId": "r1"}]})

        assert send(integration_api).status_code == 409
        assert [
            item["status"] for item in send_many(integration_api, ride(), ride("r2"), ride("r2")).json()["results"]
        ] == [*(409, 201, 409)]

    def test_holds_with_an_idempotency_key_which_hears_the_first_answer(self, ada, integration_api):
        first, again = (integration_api.post("/event", ride(), Idempotency_Key="k") for _ in range(2))

        assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 201, "true")
        assert Action.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    @pytest.mark.parametrize("user", ["ada-1", "new-1"])
    @pytest.mark.parametrize("is_heard", [True, False])
    def test_twenty_connections_with_one_id_have_one_effect(self, ada, api, integration_api, commuter, user, is_heard):
        if is_heard:
            commuter()

        answers = at_once(20, lambda _: send(integration_api, user=user).status_code)

        assert sorted(answers) == [201] + [409] * 19
        assert Action.objects.count() == 1
        assert balance(api, user) == (50 if is_heard else 0)

    def test_which_are_twenty_effects_without_the_id(self, ada, integration_api, monkeypatch):
        """The control."""

        with_id = user_events.take

        def without_id(event, business):
            return with_id(replace(event, event_id=None), business=business)

        monkeypatch.setattr(user_events, "take", without_id)

        answers = at_once(20, lambda _: send(integration_api).status_code)

        assert (answers, Action.objects.count()) == ([201] * 20, 20)

    def test_batches_of_the_same_new_users_let_each_join_once(self, acme, integration_api):
        names = [f"new-{number}" for number in range(20)]

        def batch(number):
            ordered = names if number % 2 else names[::-1]
            return send_many(integration_api, *(ride(f"{number}-{name}", name) for name in ordered)).json()[
                "succeeded"
            ]

        assert at_once(6, batch) == [20] * 6
        assert Advocate.objects.count() == 20
        assert Action.objects.count() == 120

    def test_is_of_whoever_the_user_is_just_being_merged_into(
        self, acme, ada, bob, integration_api, commuter, monkeypatch
    ):
        commuter()
        merge = partial(merges.merge, business=acme, source_id=ada.pk, target_id=bob.pk)
        just_after(monkeypatch, user_events.identity, "id_by_external_id", merge)

        assert send(integration_api).status_code == 201
        assert Action.objects.get().account_id == bob.pk


class TestABatch:
    def test_answers_each_item_in_its_place(self, ada, eve, integration_api, commuter):
        commuter()

        body = send_many(
            integration_api,
            ride(),
            {"id": "r2"},
            ride("r3", "eve-1", createdAt="2999-01-01 00:00:00"),
            ride("r4", data={"km": [3]}),
            ride("r5", "new-1"),
            ride("r1"),
        ).json()

        assert list(body) == ["batchId", "results", "succeeded", "failed"]
        assert [item["status"] for item in body["results"]] == [201, 400, 400, 400, 201, 409]
        assert body["results"][0] == {"index": 0, "status": 201, "error": None}
        assert set(body["results"][1]["error"]) == {"message", "property", "code"}
        assert body["results"][1]["error"]["property"] == "userId"
        assert (body["succeeded"], body["failed"]) == (2, 4)

    @pytest.mark.parametrize("items", [[], [ride()] * 1001, {"items": [ride()]}, "ride", [1]])
    def test_that_is_none_is_refused_whole(self, ada, integration_api, items):
        assert integration_api.post("/event/batch", items).status_code == 400
        assert nothing_happened()

    def test_can_be_taken_back_with_a_secret_key(self, ada, api, integration_api, commuter):
        commuter()
        batch = send_many(integration_api, ride()).json()["batchId"]
        assert balance(api) == 50

        api.post(f"/batch/{batch}/undo")

        assert balance(api) == 0
        assert Batch.objects.get().author == "test"

    def test_of_fifty_costs_as_many_statements_as_one(self, acme, integration_api, django_assert_max_num_queries):
        send_many(integration_api, ride("first", "new-0"))

        for count in (1, 50):
            with django_assert_max_num_queries(26):
                items = [ride(f"{count}-{number}", f"user-{count}-{number}") for number in range(count)]
                assert send_many(integration_api, *items).json()["succeeded"] == count
