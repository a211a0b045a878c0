"""POST /quests: a goal with its tasks, in one call."""

import pytest

from loyalty.models import Quest
from tests.refusals import assert_refused

RIDE = {"title": "Ride ten times", "type": "event", "trigger": "ride_completed"}
HELLO = {"title": "Say hello", "type": "manual"}
FAR = {"field": "km", "operator": ">=", "value": 2}
STARS = {"kind": "metric", "metric": "stars", "quantity": 1}
NOBODY = "0192e4a0-0000-7000-8000-000000000000"


def made(api, **said):
    response = api.post("/quests", {"title": "Commuter", "tasks": [HELLO], **said})
    assert response.status_code == 201, response.json()
    return api.get(f"/quests/{response.json()['quest']['id']}").json()


class TestRefuses:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"title": ""}, "title"),
            ({"title": "x" * 201}, "title"),
            ({"title": None}, "title"),
            ({"title": "\x00"}, None),
            ({"tasks": []}, "tasks"),
            ({"tasks": [{"title": "x"}]}, "tasks.0.type"),
            ({"tasks": [{"type": "manual"}]}, "tasks.0.title"),
            ({"tasks": [{**HELLO, "type": "wish"}]}, "tasks.0.type"),
            ({"tasks": [{**HELLO, "colour": "red"}]}, "tasks.0.colour"),
            ({"tasks": [HELLO, {**HELLO, "points": 0}]}, "tasks.1.points"),
            ({"tasks": [{**HELLO, "points": 10**12 + 1}]}, "tasks.0.points"),
            ({"tasks": [{**HELLO, "points": 5.0}]}, "tasks.0.points"),
            ({"tasks": [{**HELLO, "key": "a"}, {**HELLO, "key": "a"}]}, "tasks.1.key"),
            ({"tasks": [{**HELLO, "key": "A B"}]}, "tasks.0.key"),
            ({"tasks": [{**HELLO, "benefits": [{"kind": "wish"}]}]}, "tasks.0.benefits.0.kind"),
            ({"tasks": [HELLO] * 101}, "tasks"),
            ({"reward": {"points": -1}}, "reward.points"),
            ({"reward": {"benefits": [{"kind": "metric", "quantity": 0}]}}, "reward.benefits.0"),
            ({"reward": {"points": 5, "benefits": [{"kind": "wish"}]}}, "reward.benefits.0.kind"),
            ({"benefits": [{"kind": "wish"}]}, "benefits.0.kind"),
            ({"tasks": [{**HELLO, "points": 5, "benefits": [{"kind": "wish"}]}]}, "tasks.0.benefits.0.kind"),
            ({"reward": {"points": 5}, "benefits": []}, "reward"),
            ({"status": "running"}, "status"),
            ({"required": 2}, "required"),
            ({"required": 0}, "required"),
            ({"recurrence": "hourly"}, "recurrence"),
            ({"window": {"from": "2026-05-01"}}, "window.from"),
            ({"window": {"from": "0001-01-01T00:00:00+23:00"}}, "window.from"),
            ({"window": {"from": "2026-05-02T00:00:00Z", "to": "2026-05-01T00:00:00Z"}}, "window.to"),
            ({"notification": {"display": "shout"}}, "notification.display"),
            ({"tasks": [{**RIDE, "conditions": [{**FAR, "operator": "~"}]}]}, "tasks.0.conditions.0.operator"),
            ({"tasks": [{**RIDE, "conditions": [{**FAR, "operator": "in"}]}]}, "tasks.0.conditions.0.value"),
        ],
    )
    def test_what_means_nothing(self, api, acme, body, field):
        assert_refused(api.post("/quests", {"title": "Commuter", "tasks": [HELLO], **body}), "VALIDATION_ERROR", field)
        assert not Quest.objects.for_business(acme).exists()

    @pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"9007199254740993", b"1e308"])
    def test_a_condition_with_a_number_that_json_readers_cannot_hold(self, api, number):
        body = b"""{"title": "Far", "tasks": [{"title": "Ride", "type": "event", "trigger": "ride",
            "conditions": [{"field": "km", "operator": ">", "value": %b}]}]}"""

        assert api.post("/quests", body % number).status_code == 400

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"audience": {"tiers": ["bronze", "platinum"]}}, "audience.tiers.1"),
            ({"audience": {"segments": ["beta"]}}, "audience.segments.0"),
            ({"audience": {"excludeTiers": ["platinum"]}}, "audience.excludeTiers.0"),
            ({"audience": {"excludeSegments": ["beta"]}}, "audience.excludeSegments.0"),
            ({"tasks": [{**HELLO, "benefits": [STARS]}]}, "tasks.0.benefits.0.metric"),
        ],
    )
    def test_what_the_programme_does_not_have(self, api, body, field):
        refused = api.post("/quests", {"title": "Commuter", "tasks": [HELLO], **body})

        assert_refused(refused, "NOT_FOUND", field, status=404)

    def test_a_segment_of_another_business(self, rival_api, beta):
        refused = rival_api.post("/quests", {"title": "x", "tasks": [HELLO], "audience": {"segments": ["beta"]}})

        assert_refused(refused, "NOT_FOUND", "audience.segments.0", status=404)

    def test_a_key_that_is_taken(self, api):
        made(api, key="commuter")

        refused = api.post("/quests", {"title": "Other", "key": "commuter", "tasks": [HELLO]})
        assert_refused(refused, "CONFLICT", "key", status=409)


class TestCreates:
    def test_with_what_is_left_out(self, api):
        quest = made(api)["quest"]

        assert quest | {"key": "commuter", "status": "active", "version": 1, "autoClaim": True} == quest
        assert quest["window"] == {"from": None, "to": None, "showInUI": True}
        assert quest["audience"] == {"tiers": [], "segments": [], "excludeTiers": [], "excludeSegments": []}
        assert (quest["recurrence"], quest["benefits"], quest["required"]) == ("none", [], "all")

    def test_all_that_the_document_knows(self, api, beta):
        said = {
            "key": "rides",
            "subtitle": "Ten rides",
            "description": "In a week",
            "status": "paused",
            "window": {"from": "2026-05-01T00:00:00Z", "to": "2026-06-01T00:00:00Z", "showInUI": False},
            "recurrence": "weekly",
            "audience": {"tiers": ["gold"], "segments": ["beta"], "excludeTiers": [], "excludeSegments": []},
            "autoClaim": False,
            "required": 1,
            "ordered": True,
            "showInProfile": False,
            "notification": {"display": "toast", "title": "Well done", "message": "You are a commuter"},
            "benefits": [{"kind": "metric", "metric": "points", "quantity": 50}],
        }

        quest = made(api, **said)["quest"]
        assert quest | said == quest

    def test_tasks_with_keys_from_their_titles(self, api):
        tasks = made(api, tasks=[HELLO, {**HELLO, "key": "say-hello-2"}, HELLO, {**HELLO, "title": "你好"}])["tasks"]

        assert [task["key"] for task in tasks] == ["say-hello", "say-hello-2", "say-hello-3", "task"]

    def test_points_as_benefits(self, api):
        answered = made(api, tasks=[{**HELLO, "points": 5}], reward={"points": 50})

        assert answered["tasks"][0]["benefits"] == [{"kind": "metric", "metric": "points", "quantity": 5}]
        assert answered["quest"]["benefits"] == [{"kind": "metric", "metric": "points", "quantity": 50}]
        assert "points" not in answered["tasks"][0]

    def test_an_event_task_with_all_that_it_counts(self, api):
        conditions = [
            {"field": "km", "operator": ">=", "value": 2.5},
            {"field": "city", "operator": "in", "value": ["Bonn", "Kiel"]},
            {"field": "note", "operator": "exists", "value": None},
        ]
        said = {**RIDE, "conditions": conditions, "measure": {"sum": "km"}, "target": 100, "oncePerDay": True}

        (task,) = made(api, tasks=[said])["tasks"]
        assert task | said == task

    def test_a_draft_without_tasks(self, api):
        answer = api.post("/quests", {"title": "Someday", "status": "draft"})

        assert (answer.status_code, answer.json()["quest"]["status"]) == (201, "draft")

    def test_once_per_idempotency_key(self, api, acme):
        first, second = (api.post("/quests", {"title": "x", "tasks": [HELLO]}, Idempotency_Key="q1") for _ in "ab")

        assert (first.content, second["Idempotent-Replayed"]) == (second.content, "true")
        assert Quest.objects.for_business(acme).count() == 1


class TestReads:
    def test_nothing_of_another_business(self, api, rival_api):
        id = made(api)["quest"]["id"]

        unknown, foreign = rival_api.get(f"/quests/{NOBODY}"), rival_api.get(f"/quests/{id}")
        assert (foreign.status_code, rival_api.get("/quests").json()["total"]) == (404, 0)
        assert {**foreign.json()["error"], "requestId": ""} == {**unknown.json()["error"], "requestId": ""}

    def test_a_list_newest_first_by_status_and_cursor(self, api, rival_api):
        for number in range(3):
            made(api, title=f"Quest {number}", status="draft" if number == 1 else "active")

        first = api.get("/quests", status="active", limit=1).json()
        rest = api.get("/quests", status="active", limit=1, cursor=first["nextCursor"]).json()
        assert [first["quests"][0]["title"], rest["quests"][0]["title"]] == ["Quest 2", "Quest 0"]
        assert (first["total"], rest["nextCursor"]) == (2, None)
        assert_refused(rival_api.get("/quests", cursor=first["nextCursor"]), "VALIDATION_ERROR", "cursor")

    def test_a_list_with_as_many_queries_for_many(self, api, django_assert_num_queries):
        made(api)
        api.get("/quests")
        with django_assert_num_queries(2):
            api.get("/quests")
        for _ in range(5):
            made(api)
        with django_assert_num_queries(2):
            assert api.get("/quests").json()["total"] == 6
