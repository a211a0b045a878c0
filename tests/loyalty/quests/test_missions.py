"""A user's missions over the Integration API: seen, claimed, proven."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.services import mappings
from loyalty.kernel import clock
from loyalty.models import Account, Business, Submission
from loyalty.selectors import playing
from loyalty.services import accounts, actions, keys, proofs, quests
from loyalty.services.quest_rules import Audience, Window
from loyalty.services.reports import Report
from tests import cast
from tests.loyalty.quests.conftest import do, points_of, step, tasks_of
from tests.loyalty.test_broken_requests import BROKEN
from tests.test_broken_operations import ANYWHERE

ADA = "/integration/user/ada-1/missions"


@pytest.fixture
def patient(quest):
    return quest(step("Say hello", points=5), step("Wave", points=7), reward=50, auto_claim=False)


@pytest.fixture
def show(quest):
    return quest(step("Show your bike", type="proof", points=5))


def listed(api, **query):
    response = api.get(ADA, **query)
    assert response.status_code == 200, response.content
    return response.json()["missions"]


def statuses(api, **query):
    return {mission["title"]: mission["status"] for mission in listed(api, **query)}


def claim(api, quest, number=0, *, who=ADA):
    return api.post(f"{who}/{tasks_of(quest)[number].pk}/claim")


def prove(api, quest, body=None, *, who=ADA):
    return api.post(f"{who}/{tasks_of(quest)[0].pk}/proof", body or {"text": "Here it is"})


def refused(response, status, code, property=None):
    error = response.json()
    assert set(error) == {"message", "property", "code", "requestId"}
    assert (response.status_code, error["code"], error["property"]) == (status, code, property), error


def client(business, **key):
    _, text = keys.create_key(business=business, kind=keys.Kind.INTEGRATION, name="k", **key)
    return cast.ApiClient({"X-API-KEY": text})


class TestWhoMay:
    @pytest.mark.parametrize("door", ["list", "claim", "proof"])
    def test_is_who_has_an_integration_key_from_a_listed_address(self, acme, rival, api, ada, patient, show, door):
        do(patient, ada)
        doors = {"list": lambda api: api.get(ADA), "claim": lambda api: claim(api, patient)}
        enter = doors.get(door, lambda api: prove(api, show))

        answers = {
            "nobody": enter(cast.ApiClient()).status_code,
            "secret key": enter(api).status_code,
            "rival": enter(client(rival)).status_code,
            "sandbox": enter(client(acme.sandbox)).status_code,
            "reader": enter(client(acme, scopes=["read"])).status_code,
            "owner": enter(client(acme)).status_code,
        }
        Business.objects.filter(pk=acme.pk).update(ip_allowlist=["203.0.113.7/32"])
        refused(enter(client(acme)), 403, "IP_NOT_ALLOWED")

        success = {"list": 200, "claim": 200, "proof": 201}[door]
        reader = 200 if door == "list" else 403
        known = {"nobody": 401, "secret key": 401, "rival": 404, "sandbox": 404}
        assert answers == {**known, "reader": reader, "owner": success}


class TestList:
    def test_refuses_a_user_whom_nobody_knows(self, acme, integration_api):
        refused(integration_api.get("/integration/user/nobody/missions"), 404, "NOT_FOUND")
        for name in ("a%00b", "a" * 129, "%20ada"):
            refused(integration_api.get(f"/integration/user/{name}/missions"), 400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("query", [{"status": "done"}, {"page": "1"}])
    def test_refuses_what_it_does_not_know(self, ada, integration_api, query):
        refused(integration_api.get(ADA, **query), 400, "VALIDATION_ERROR", next(iter(query)))

    def test_shows_a_mission_with_all_that_a_page_needs(self, ada, quest, integration_api):
        ride = quest(
            step("Ride", type="event", trigger="ride", target=10, points=5),
            window=Window(to=datetime(2030, 5, 1, tzinfo=UTC)),
        )

        (mission,) = listed(integration_api)
        assert mission == {
            "id": str(tasks_of(ride)[0].pk),
            "questId": str(ride.pk),
            "title": "Ride",
            "description": "",
            "type": "event",
            "progress": {"value": 0.0, "target": 10},
            "status": "active",
            "points": 5,
            "deadline": "2030-05-01T00:00:00Z",
        }

    def test_counts_what_events_moved(self, ada, quest, api, integration_api):
        quest(step("Ride", type="event", trigger="ride", target=10))
        api.post("/batch/events", {"items": [{"externalId": "ada-1", "event": "ride"}] * 3})

        assert listed(integration_api)[0]["progress"] == {"value": 3.0, "target": 10}

    @pytest.mark.parametrize(("zone", "last"), [("programme", "2040-05-02T23:59Z"), ("user", "2040-05-02T14:59Z")])
    def test_shows_a_streak_until_a_day_is_missed(self, acme, ada, quest, integration_api, zone, last):
        ride = step("Ride", type="event", trigger="ride", measure="streak", target=2)
        quest(ride, zone=zone)
        quest(step("Once", type="event", trigger="ride", measure="streak", target=1), zone=zone)
        Account.objects.filter(pk=ada.pk).update(timezone="Asia/Tokyo")
        with clock.moved_to(datetime(2040, 5, 1, 12, tzinfo=UTC)):
            report = Report(account_id=ada.pk, name="ride", data={}, origin="server")
            actions.take(report, business=acme)
        account, until = Account.objects.get(pk=ada.pk), datetime.fromisoformat(last)

        for moment, value in ((until, 1), (until + timedelta(minutes=1), 0)):
            with clock.moved_to(moment):
                assert [mission["progress"]["value"] for mission in listed(integration_api)] == [value, 1]
                offers = playing.offered(business=acme, account=account)
                standings = playing.standings(offers, business=acme, account=account).values()
                assert [each for standing in standings for each in standing.progress.values()] == [value, 1]

    def test_tells_locked_active_and_completed_apart(self, ada, quest, integration_api):
        first = quest(step("One"), step("Two"), step("Three"), ordered=True)
        do(first, ada)

        assert statuses(integration_api) == {"One": "completed", "Two": "active", "Three": "locked"}
        assert statuses(integration_api, status="locked") == {"Three": "locked"}
        assert listed(integration_api)[0]["progress"] == {"value": 1.0, "target": 1}

    def test_tells_claimable_and_claimed_apart(self, ada, patient, integration_api):
        assert set(statuses(integration_api).values()) == {"active"}
        do(patient, ada)
        assert statuses(integration_api) == {"Say hello": "claimable", "Wave": "active"}
        claim(integration_api, patient)
        assert statuses(integration_api) == {"Say hello": "claimed", "Wave": "active"}

    def test_leaves_out_what_has_not_begun_or_is_over(self, quest, integration_api, ada):
        now = clock.wall()
        quest(step("Over"), title="Past", window=Window(to=now - timedelta(seconds=1)))
        quest(step("Soon"), title="To come", window=Window(from_=now + timedelta(days=1)))
        quest(step("Now"), title="Open", window=Window(from_=now - timedelta(days=1), to=now + timedelta(days=1)))

        assert statuses(integration_api) == {"Now": "active"}
        listed = integration_api.get("/integration/user/ada-1/quests").json()["quests"]
        assert [one["title"] for one in listed] == ["Open"]

    def test_leaves_out_what_is_for_others_or_over_but_not_what_waits(self, acme, ada, beta, quest, integration_api):
        quest(step("Test it"), audience=Audience(segments=["beta"]))
        over = quest(step("Say hello", points=5), step("Wave"), auto_claim=False)
        do(over, ada)
        quests.set_status(business=acme, quest_id=over.pk, status="archived")

        assert statuses(integration_api) == {"Say hello": "claimable"}
        assert claim(integration_api, over).json()["pointsAwarded"] == 5
        assert statuses(integration_api) == {}

    def test_knows_a_user_by_every_id_that_was_mapped(self, acme, ada, patient, integration_api):
        mappings.create(business=acme, advocate_id=ada.pk, external_customer_id="outlet-77")

        answer = integration_api.get("/integration/user/outlet-77/missions")
        assert answer.json() == integration_api.get(ADA).json()

    def test_costs_the_same_for_one_quest_and_for_ten(self, ada, quest, integration_api):
        def cost():
            with CaptureQueriesContext(connection) as asked:
                listed(integration_api)
            return len(asked)

        quest(step("One"), auto_claim=False)
        listed(integration_api)
        before = cost()
        for number in range(9):
            do(quest(step("One", points=1), step("Two"), title=f"Quest {number}", auto_claim=False), ada)

        assert cost() == before


class TestClaim:
    def test_refuses_what_is_not_done_or_claimed_before(self, ada, patient, integration_api):
        refused(claim(integration_api, patient), 409, "CONFLICT")
        do(patient, ada)
        assert claim(integration_api, patient).status_code == 200
        refused(claim(integration_api, patient), 409, "CONFLICT")

    def test_refuses_what_was_paid_at_once(self, ada, welcome, integration_api):
        do(welcome, ada)

        refused(claim(integration_api, welcome), 409, "CONFLICT")
        assert points_of(ada) == 5

    def test_refuses_missions_of_others(self, rival, ada, quest, integration_api):
        theirs = quest(step("Theirs"), business=rival, auto_claim=False)

        refused(claim(integration_api, theirs), 404, "NOT_FOUND")

    def test_refuses_the_blocked_and_leaves_it_waiting(self, acme, ada, patient, integration_api):
        do(patient, ada)
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        refused(claim(integration_api, patient), 409, "CONFLICT")
        assert statuses(integration_api)["Say hello"] == "claimable"

    def test_pays_the_mission_and_with_the_last_one_the_quest(self, ada, patient, integration_api):
        do(patient, ada)
        first = claim(integration_api, patient)
        assert first.json() == {"missionId": str(tasks_of(patient)[0].pk), "pointsAwarded": 5, "balance": 5}

        do(patient, ada, 1)
        assert claim(integration_api, patient, 1).json()["pointsAwarded"] == 57
        assert points_of(ada) == 62

    def test_pays_the_quest_with_the_mission_that_completed_it(self, ada, patient, integration_api):
        do(patient, ada)
        do(patient, ada, 1)

        assert claim(integration_api, patient, 0).json()["pointsAwarded"] == 5
        assert claim(integration_api, patient, 1).json()["pointsAwarded"] == 57

    def test_pays_what_waits_from_yesterday_too(self, acme, quest, sandbox_api):
        sandbox_api.post("/advocates", {"email": "ada@example.com", "externalId": "ada-1"})
        ada = sandbox_api.get("/advocates").json()["advocates"][0]["id"]
        daily = quest(step("Hi", points=5), business=acme.sandbox, auto_claim=False, recurrence="daily")
        app = cast.integration_client_of(acme.sandbox)
        (task,) = tasks_of(daily)
        for day in ("P1D", "P1D"):
            sandbox_api.post(f"/quests/{daily.pk}/complete", {"advocateId": ada, "taskId": str(task.pk)})
            sandbox_api.post("/test-clock", {"advance": day})

        assert statuses(app) == {"Hi": "claimable"}
        assert claim(app, daily).json()["pointsAwarded"] == 10
        assert statuses(app) == {"Hi": "active"}

    def test_by_the_id_of_an_earlier_version_is_the_same(self, acme, ada, patient, integration_api):
        do(patient, ada)
        earlier = tasks_of(patient)[0].pk
        quests.update(business=acme, quest_id=patient.pk, texts={"status": "paused"}, rules={"recurrence": "daily"})

        assert integration_api.post(f"{ADA}/{earlier}/claim").json()["pointsAwarded"] == 5

    def test_with_a_key_answers_the_same_again(self, ada, patient, integration_api):
        do(patient, ada)
        path = f"{ADA}/{tasks_of(patient)[0].pk}/claim"
        first, again = (integration_api.post(path, Idempotency_Key="claim-1") for _ in range(2))

        assert first.json() == again.json()
        assert (again["Idempotent-Replayed"], points_of(ada)) == ("true", 5)


class TestProof:
    @pytest.mark.parametrize(
        ("body", "property"),
        [
            ({}, "text"),
            ({"text": " "}, "text"),
            ({"text": "x" * 5001}, "text"),
            ({"url": "javascript:alert(1)"}, "url"),
            ({"url": "https://example.com/" + "x" * 2000}, "url"),
            ({"text": "Here", "file": "…"}, "file"),
            ({"text": 7}, "text"),
            ({"text": None}, "text"),
            ({"url": 7}, "url"),
            ({"text": "Here", "file": 7}, "file"),
            ({"text": "Here", "note": "There"}, "note"),
        ],
    )
    def test_refuses_what_proves_nothing(self, ada, show, integration_api, body, property):
        path = f"{ADA}/{tasks_of(show)[0].pk}/proof"

        refused(integration_api.post(path, body), 400, "VALIDATION_ERROR", property)
        assert not Submission.objects.exists()

    def test_refuses_every_broken_body(self, ada, show, integration_api):
        path = f"{ADA}/{tasks_of(show)[0].pk}/proof"
        for name, body, status, _ in BROKEN:
            if name in ANYWHERE:
                response = integration_api.post(path, body)
                assert response.status_code == status, name
                assert set(json.loads(response.content)) == {"message", "property", "code", "requestId"}, name
        assert not Submission.objects.exists()

    def test_refuses_missions_that_take_none_or_are_done_or_of_others(self, ada, rival, quest, show, integration_api):
        refused(prove(integration_api, quest(step("Wave"))), 400, "VALIDATION_ERROR", "taskId")
        refused(prove(integration_api, quest(step("Wave"), business=rival)), 404, "NOT_FOUND")
        assert prove(integration_api, show).status_code == 201
        refused(prove(integration_api, show), 409, "CONFLICT")

    def test_waits_for_an_operator(self, acme, ada, show, integration_api):
        response = prove(integration_api, show, {"text": "On my way", "url": "https://example.com/bike.jpg"})

        assert (response.status_code, response.content) == (201, b"")
        handed_in = Submission.objects.for_business(acme).get()
        assert (handed_in.status, handed_in.text, handed_in.link) == (
            "pending",
            "On my way",
            "https://example.com/bike.jpg",
        )
        assert statuses(integration_api) == {"Show your bike": "active"}
        proofs.approve(business=acme, submission_id=handed_in.pk)
        assert (statuses(integration_api), points_of(ada)) == ({"Show your bike": "completed"}, 5)
