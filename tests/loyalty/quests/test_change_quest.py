"""PATCH /quests/:id: texts and status at any time, rules by a new version, never under people's feet."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from loyalty.models import QuestVersion, Task
from tests.loyalty.quests.conftest import do, points_of, step, tasks_of
from tests.refusals import assert_refused


def patched(api, quest, **said):
    response = api.patch(f"/quests/{quest.pk}", said)
    assert response.status_code == 200, response.json()
    return response.json()["quest"]


class TestRefuses:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"ordered": True}, "ordered"),
            ({"tasks": []}, "tasks"),
            ({"reward": {"points": 1}}, "reward.benefits"),
            ({"recurrence": "daily", "status": "active"}, "recurrence"),
            ({"window": {"to": "2036-01-01T00:00:00Z"}, "title": "Other"}, "window"),
        ],
    )
    def test_new_rules_for_a_quest_that_is_active_and_stays_so(self, api, welcome, body, field):
        assert_refused(api.patch(f"/quests/{welcome.pk}", body), "CONFLICT", field, status=409)

        welcome.refresh_from_db()
        assert (welcome.title, QuestVersion.objects.filter(quest=welcome).count()) == ("Welcome", 1)

    def test_to_start_a_quest_without_a_task(self, api, quest):
        empty = quest(status="draft")

        assert_refused(api.patch(f"/quests/{empty.pk}", {"status": "active"}), "CONFLICT", "status", status=409)

    def test_to_take_the_last_task_out_of_what_becomes_active(self, api, quest):
        paused = quest(step("Say hello"), status="paused")

        refused = api.patch(f"/quests/{paused.pk}", {"status": "active", "tasks": []})
        assert_refused(refused, "CONFLICT", "status", status=409)

    def test_the_key_of_another_quest(self, api, quest, welcome):
        other = quest(step("Say hello"), key="other")

        assert_refused(api.patch(f"/quests/{other.pk}", {"key": "welcome"}), "CONFLICT", "key", status=409)

    def test_a_quest_of_another_business(self, rival_api, welcome):
        assert_refused(rival_api.patch(f"/quests/{welcome.pk}", {"title": "Mine"}), "NOT_FOUND", None, status=404)


class TestTexts:
    def test_change_while_it_is_active(self, api, welcome):
        quest = patched(api, welcome, title="Hello", subtitle="To you", description="All", key="hello")

        assert (quest["title"], quest["subtitle"], quest["key"], quest["version"]) == ("Hello", "To you", "hello", 1)

    def test_beside_rules_that_are_sent_as_they_are(self, api, welcome):
        quest = patched(api, welcome, title="Hello", ordered=False, reward={"points": 50})

        assert (quest["title"], quest["version"]) == ("Hello", 1)

    @pytest.mark.parametrize("status", ["paused", "completed", "archived", "draft", "active"])
    def test_status_too(self, api, welcome, status):
        assert patched(api, welcome, status=status)["status"] == status


class TestRules:
    def test_of_a_draft_make_a_new_version(self, api, quest):
        draft = quest(status="draft")

        changed = patched(api, draft, tasks=[{"title": "Say hello", "type": "manual"}], status="active")
        assert (changed["version"], changed["status"]) == (2, "active")

    def test_of_an_active_quest_change_with_a_pause(self, api, welcome):
        changed = patched(api, welcome, status="paused", ordered=True)

        assert (changed["version"], changed["ordered"]) == (2, True)
        assert patched(api, welcome, status="active")["version"] == 2

    def test_keep_what_is_not_sent(self, api, welcome):
        before = [task.key for task in tasks_of(welcome)]

        patched(api, welcome, status="paused", ordered=True)
        assert [task.key for task in tasks_of(welcome)] == before

    def test_keep_progress_by_the_keys_of_the_tasks(self, api, welcome, ada):
        old = tasks_of(welcome)
        do(welcome, ada)
        steps = [{"title": "Hello again", "key": old[0].key, "type": "manual"}, {"title": "Wave", "type": "manual"}]
        patched(api, welcome, status="paused", tasks=steps)
        patched(api, welcome, status="active")

        again = api.post(f"/quests/{welcome.pk}/complete", {"advocateId": str(ada.pk), "taskId": str(old[0].pk)})
        last = do(welcome, ada, 1)
        assert again.json()["alreadyCompleted"] is True
        assert (last.completed_quest, last.points, points_of(ada)) == (True, 50, 55)

    def test_have_no_task_that_a_new_version_left_out(self, api, welcome, ada):
        gone = tasks_of(welcome)[1]
        patched(api, welcome, status="paused", tasks=[{"title": "Say hello", "type": "manual"}])
        patched(api, welcome, status="active")

        refused = api.post(f"/quests/{welcome.pk}/complete", {"advocateId": str(ada.pk), "taskId": str(gone.pk)})
        assert_refused(refused, "NOT_FOUND", "taskId", status=404)


class TestVersions:
    @pytest.mark.parametrize("rows", [QuestVersion.objects, Task.objects])
    def test_are_never_rewritten(self, welcome, rows):
        for change in (lambda: rows.update(notification={}), lambda: rows.all()._raw_delete("default")):
            with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
                change()

    def test_cross_no_businesses(self, rival, welcome):
        with pytest.raises(IntegrityError, match="of_its_business"), transaction.atomic():
            QuestVersion.objects.create(business=rival, quest=welcome, number=2)
