"""The Integration API's user: who they are, their quests, balance and history."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.models import Advocate
from advocates.services import advocates, mappings
from loyalty.kernel import clock
from loyalty.models import Metric, MilestoneSet, Segment
from loyalty.services import accounts, ledger, quests, segments
from loyalty.services.quest_rules import Rules, TaskRules, in_points
from tests.loyalty.quests.conftest import do
from tests.refusals import assert_integration_refused

pytestmark = pytest.mark.django_db

ADA = "/integration/user/ada-1"
PARTS = ("", "/quests", "/rewards", "/balance", "/history", "/missions")


class TestWhoIsAsked:
    @pytest.mark.parametrize("part", PARTS)
    def test_must_be_known_here(self, acme, eve, integration_api, part):
        for stranger in ("nobody", "eve-1"):
            response = integration_api.get(f"/integration/user/{stranger}{part}")
            assert_integration_refused(response, "NOT_FOUND", None, status=404)

    @pytest.mark.parametrize("part", PARTS)
    @pytest.mark.parametrize("name", ["a" * 129, "%20ada", "a%00b"])
    def test_must_have_an_id_that_can_be(self, acme, integration_api, part, name):
        assert integration_api.get(f"/integration/user/{name}{part}").status_code == 400

    @pytest.mark.parametrize("part", PARTS)
    def test_may_be_named_by_an_id_that_was_mapped(self, acme, ada, integration_api, part):
        mappings.create(business=acme, advocate_id=ada.pk, external_customer_id="outlet-77")

        mapped = integration_api.get(f"/integration/user/outlet-77{part}")
        assert mapped.json() == integration_api.get(f"{ADA}{part}").json() | ({} if part else {"userId": "outlet-77"})


class TestUser:
    def test_says_who_they_are_here(self, acme, ada, integration_api):
        Segment.objects.create(business=acme, key="beta", title="Beta testers")
        segments.put(business=acme, account_id=ada.pk, keys=["beta"])

        body = integration_api.get(ADA).json()

        assert body == {
            "userId": "ada-1",
            "advocateId": str(ada.pk),
            "createdAt": body["createdAt"],
            "tier": "bronze",
            "segments": ["beta"],
        }


class TestPut:
    @pytest.mark.parametrize(
        ("body", "property"),
        [
            ({"email": "nonsense"}, "email"),
            ({"email": None}, "email"),
            ({"name": "x" * 201}, "name"),
            ({"name": 1}, "name"),
            ({"birthday": "2999-01-01"}, "birthday"),
            ({"timezone": "Mars/Olympus"}, "timezone"),
            ({"metadata": {"a": "x" * 17_000}}, "metadata"),
            ({"externalId": "other"}, "externalId"),
            ({"email": 7}, "email"),
            ({"email": f"{'a' * 255}@shop.example"}, "email"),
            ({"birthday": 19900131}, "birthday"),
            ({"birthday": "31.01.1990"}, "birthday"),
            ({"locale": 7}, "locale"),
            ({"locale": "e" * 40}, "locale"),
            ({"timezone": 7}, "timezone"),
            ({"timezone": "z" * 100}, "timezone"),
            ({"metadata": []}, "metadata"),
            ([], None),
        ],
    )
    def test_refuses_what_makes_no_sense_and_nobody_joins(self, acme, integration_api, body, property):
        response = integration_api.put("/integration/user/new-1", body)

        assert_integration_refused(response, "VALIDATION_ERROR", property)
        assert not Advocate.objects.exists()

    def test_refuses_the_address_of_another_user_and_changes_nothing(self, ada, bob, integration_api):
        for name in ("ada-1", "new-1"):
            response = integration_api.put(f"/integration/user/{name}", {"email": "bob@example.com", "name": "Bob"})
            assert_integration_refused(response, "CONFLICT", "email", status=409)

        ada.refresh_from_db()
        assert (ada.name, Advocate.objects.count()) == ("Ada Lovelace", 2)

    def test_lets_an_unknown_user_join(self, acme, integration_api):
        body = {"email": "New@Example.com", "name": "New", "birthday": "1990-01-31", "metadata": {"source": "store"}}

        answer = integration_api.put("/integration/user/new-1", body).json()

        joined = Advocate.objects.for_business(acme).get()
        assert (answer["userId"], answer["advocateId"], answer["tier"]) == ("new-1", str(joined.pk), "bronze")
        assert (joined.external_id, joined.email, joined.name) == ("new-1", "new@example.com", "New")
        assert joined.metadata == {"source": "store"}

    def test_takes_an_id_of_128_characters_of_any_kind(self, acme, integration_api):
        name = "kündin-" + "7" * 121

        assert integration_api.put(f"/integration/user/{name}", {}).status_code == 200
        assert integration_api.get(f"/integration/user/{name}").json()["userId"] == name

    def test_finds_who_has_the_address_and_no_id_yet(self, acme, integration_api):
        known = advocates.create(business=acme, email="ada@example.com")

        answer = integration_api.put(ADA, {"email": "ada@example.com"}).json()

        assert answer["advocateId"] == str(known.pk)

    def test_changes_what_is_said_and_leaves_the_rest(self, ada, integration_api):
        assert integration_api.put(ADA, {"locale": "de"}).status_code == 200
        assert integration_api.put(ADA, {}).status_code == 200

        ada.refresh_from_db()
        assert (ada.locale, ada.name, ada.email) == ("de", "Ada Lovelace", "ada@example.com")


class TestBalance:
    def test_tells_points_metrics_and_the_way_to_the_next_tier(self, acme, ada, give, integration_api):
        Metric.objects.create(business=acme, key="stars", title="Stars")
        give(ada, 1200)
        ledger.spend(
            business=acme, account_id=ada.pk, amount=200, source=ledger.Source("test", "1"), description="Mug"
        )

        assert integration_api.get(f"{ADA}/balance").json() == {
            "balance": 1000,
            "pending": 0,
            "metrics": {"points": 1000, "stars": 0},
            "tier": {
                "key": "silver",
                "title": "Silver",
                "next": {"key": "gold", "title": "Gold", "threshold": 5000},
                "progress": {"value": 1200, "target": 5000},
            },
        }

    def test_tells_what_is_pending_apart_from_what_can_be_spent(self, ada, give, integration_api):
        give(ada, 1000)
        give(ada, 50, pending_until=clock.wall() + timedelta(days=1))

        body = integration_api.get(f"{ADA}/balance").json()

        assert (body["balance"], body["pending"], body["metrics"]) == (1000, 50, {"points": 1000})

    def test_has_no_next_tier_on_the_highest(self, ada, give, integration_api):
        give(ada, 6000)

        tier = integration_api.get(f"{ADA}/balance").json()["tier"]
        assert (tier["key"], tier["next"], tier["progress"]) == ("gold", None, {"value": 6000, "target": None})

    def test_has_no_tier_where_the_programme_has_none(self, acme, ada, integration_api, api):
        api.put("/programme", {"milestoneSets": []})

        assert not MilestoneSet.objects.for_business(acme).filter(archived_at=None).exists()
        assert integration_api.get(f"{ADA}/balance").json()["tier"] is None


class TestQuests:
    @pytest.fixture
    def quest(self, acme):
        def make(title="Welcome", **said):
            steps = [
                TaskRules(title="Wave", type="manual", benefits=[in_points(5)]),
                TaskRules(title="Hi", type="manual"),
            ]
            return quests.create(
                business=acme, title=title, rules=Rules(tasks=steps, benefits=[in_points(50)], **said)
            )

        return make

    def test_come_with_their_missions_and_how_far_the_user_is(self, ada, quest, integration_api):
        welcome = quest()
        do(welcome, ada)

        (found,) = integration_api.get(f"{ADA}/quests").json()["quests"]

        missions = found.pop("missions")
        assert found == {
            "id": str(welcome.pk),
            "key": "welcome",
            "title": "Welcome",
            "subtitle": "",
            "description": "",
            "isCompleted": False,
            "progress": {"value": 1.0, "target": 2},
            "points": 50,
            "deadline": None,
        }
        assert [(mission["title"], mission["status"]) for mission in missions] == [
            ("Wave", "completed"),
            ("Hi", "active"),
        ]
        do(welcome, ada, 1)
        assert integration_api.get(f"{ADA}/quests").json()["quests"][0]["isCompleted"]

    def test_may_ask_for_some_of_their_missions(self, ada, quest, integration_api):
        quest(required=1)

        assert integration_api.get(f"{ADA}/quests").json()["quests"][0]["progress"] == {"value": 0.0, "target": 1}

    def test_can_switch_off_what_their_missions_give(self, ada, quest, integration_api):
        quest(task_benefits=False)

        (found,) = integration_api.get(f"{ADA}/quests").json()["quests"]
        assert (found["points"], found["missions"][0]["points"]) == (50, 0)

    def test_cost_the_same_for_one_and_for_ten(self, ada, quest, integration_api):
        def cost():
            with CaptureQueriesContext(connection) as asked:
                assert integration_api.get(f"{ADA}/quests").status_code == 200
            return len(asked)

        quest()
        integration_api.get(f"{ADA}/quests")
        before = cost()
        for number in range(9):
            do(quest(f"Quest {number}"), ada)

        assert cost() == before


class TestHistory:
    def test_is_told_newest_first_and_page_by_page(self, acme, ada, give, integration_api):
        for amount in (10, 20, 30):
            give(ada, amount)

        first = integration_api.get(f"{ADA}/history", limit=2).json()
        rest = integration_api.get(f"{ADA}/history", limit=2, cursor=first["nextCursor"]).json()

        told = [item["payload"]["metricChanges"]["points"] for item in first["history"] + rest["history"]]
        assert told == [
            {"oldValue": 30, "newValue": 60},
            {"oldValue": 10, "newValue": 30},
            {"oldValue": 0, "newValue": 10},
        ]
        assert list(first["history"][0]) == ["id", "type", "createdAt", "payload"]
        assert (first["history"][0]["type"], rest["nextCursor"]) == ("metricChanged", None)

    def test_refuses_a_cursor_of_something_else(self, ada, integration_api):
        assert_integration_refused(integration_api.get(f"{ADA}/history", cursor="x"), "VALIDATION_ERROR", "cursor")

    def test_is_there_for_who_is_blocked(self, acme, ada, give, integration_api):
        give(ada, 10)
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        assert len(integration_api.get(f"{ADA}/history").json()["history"]) == 1
