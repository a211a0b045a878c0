"""Quests where it is easy to be wrong: orders, numbers, versions and pauses in the middle, news of one's own."""

import pytest

from loyalty.models import QuestCompletion, TaskCompletion
from loyalty.services import actions, completions, quests
from loyalty.services.quest_rules import in_points
from loyalty.services.reports import Report
from tests.loyalty.quests.conftest import do, points_of, step


def on(trigger="ride", title=None, **said):
    """A task that counts events."""
    return step(title or trigger.capitalize(), type="event", trigger=trigger, **said)


def tell(person, name="ride", **data):
    report = Report(account_id=person.pk, name=name, data=data, origin="server")
    return actions.take(report, business=person.business)


def completed(person):
    return QuestCompletion.objects.filter(account_id=person.pk).count()


class TestOrder:
    def test_one_event_does_one_step(self, quest, ada):
        quest(on(title="First"), on(title="Second"), on(title="Third"), reward=50, ordered=True)

        assert [[v.reason for v in tell(ada).verdicts].count(None) for _ in range(3)] == [1, 1, 1]
        assert points_of(ada) == 50

    def test_the_last_step_completes_it_in_the_same_event(self, quest, ada):
        quest(on("ride", points=5), on("sing", points=7), reward=50, ordered=True)
        tell(ada)

        taken = tell(ada, "sing")

        assert (taken.points, completed(ada)) == (57, 1)

    def test_a_step_by_hand_opens_the_way_for_events(self, quest, ada):
        made = quest(step("Say hello"), on("ride"), reward=50, ordered=True)
        assert tell(ada).verdicts[0].reason == "not_its_turn"
        do(made, ada)

        assert tell(ada).points == 50


class TestSoManyOfThem:
    def test_pays_each_task_and_the_quest_once(self, quest, ada):
        quest(*(on(name, points=5) for name in ("ride", "sing", "swim")), reward=50, required=2)

        assert [tell(ada, name).points for name in ("swim", "ride", "sing")] == [5, 55, 5]
        assert completed(ada) == 1

    def test_one_event_that_does_all_of_them_completes_it_once(self, quest, ada):
        quest(*(on(title=f"Ride {number}", points=5) for number in range(3)), reward=50, required=2)

        assert (tell(ada).points, completed(ada)) == (65, 1)


class TestAPause:
    def test_keeps_what_was_done_and_hears_nothing_meanwhile(self, acme, quest, ada):
        made = quest(on(target=3), reward=50)
        tell(ada)
        quests.set_status(business=acme, quest_id=made.pk, status="paused")
        assert tell(ada).outcome == "unmatched"
        quests.set_status(business=acme, quest_id=made.pk, status="active")

        assert [tell(ada).points for _ in range(2)] == [0, 50]

    def test_lets_nobody_complete_but_everybody_claim(self, acme, quest, ada):
        made = quest(step("Say hello", points=5), step("Sing", points=5), auto_claim=False)
        do(made, ada)
        quests.set_status(business=acme, quest_id=made.pk, status="paused")

        assert completions.claim(business=acme, task_id=made.current.tasks.get(position=0).pk, account_id=ada.pk) == 5


class TestAVersionInTheMiddle:
    @pytest.fixture
    def change(self, acme):
        def change(made, **rules):
            quests.update(business=acme, quest_id=made.pk, texts={}, rules=rules, while_active=True)

        return change

    def test_keeps_the_progress_of_a_task_by_its_key(self, quest, ada, change):
        made = quest(on(key="ten", target=10), reward=50)
        for _ in range(2):
            tell(ada)
        change(made, tasks=[on(key="three", title="New", target=3), on(key="ten", title="Renamed", target=3)])

        taken = tell(ada)

        assert {v.step.key: (int(v.after), v.completes) for v in taken.verdicts} == {
            "three": (1, False),
            "ten": (3, True),
        }

    def test_counts_the_tasks_that_were_done_under_their_keys(self, quest, ada, change):
        made = quest(step("Say hello", key="hello"), step("Sing", key="sing"), reward=50)
        do(made, ada)
        change(made, tasks=[step("Swim", key="swim"), step("Say hello", key="hello")])

        assert do(made, ada).points == 50

    def test_counts_no_task_that_is_gone(self, quest, ada, change):
        made = quest(step("Say hello", key="hello"), step("Sing", key="sing"), reward=50)
        do(made, ada)
        change(made, tasks=[step("Sing", key="sing"), step("Swim", key="swim")])

        assert (do(made, ada).points, do(made, ada, 1).points) == (0, 50)

    def test_that_asks_for_less_completes_with_the_next_task(self, quest, ada, change):
        made = quest(*(step(title) for title in ("Say hello", "Sing", "Swim", "Ride")), reward=50)
        for number in range(2):
            do(made, ada, number)
        change(made, required=2)
        assert completed(ada) == 0

        assert do(made, ada, 2).points == 50

    def test_pays_by_the_version_in_force(self, quest, ada, change):
        made = quest(on(target=2), reward=50)
        tell(ada)
        change(made, benefits=[in_points(60)])

        assert tell(ada).points == 60


class TestTasksThatGiveNothingThemselves:
    def test_leave_all_to_the_quest(self, quest, ada):
        made = quest(step("Say hello", points=5), on("ride", points=7), reward=50, task_benefits=False)

        assert (do(made, ada).points, tell(ada).points, points_of(ada)) == (0, 50, 50)

    def test_leave_nothing_to_claim_but_what_the_quest_gives(self, acme, quest, ada):
        made = quest(step("Say hello", points=5), reward=50, task_benefits=False, auto_claim=False)
        do(made, ada)

        assert completions.claim(business=acme, task_id=made.current.tasks.get(position=0).pk, account_id=ada.pk) == 50

    def test_keep_what_they_would_give_for_another_version(self, acme, quest, ada):
        made = quest(step("Say hello", points=5), step("Sing", points=7), reward=50, task_benefits=False)
        do(made, ada)
        quests.update(business=acme, quest_id=made.pk, texts={}, rules={"task_benefits": True}, while_active=True)

        assert do(made, ada, 1).points == 57

    def test_are_shown_as_they_are(self, api, quest):
        made = quest(step("Say hello", points=5), task_benefits=False)

        shown = api.get(f"/quests/{made.pk}").json()

        assert shown["quest"]["taskBenefits"] is False
        assert shown["tasks"][0]["benefits"] == [{"kind": "metric", "metric": "points", "quantity": 5}]


class TestNewsOfTheQuestsThemselves:
    def test_completes_each_task_once_however_the_news_arrives(self, quest, ada):
        """Completing the first quest that listens is news for the second, which listens to the same."""
        first = quest(step("Say hello"), title="First")
        for title in ("Second", "Third", "Fourth"):
            quest(on("quest_completed", title=title), title=title, reward=10)

        do(first, ada)

        assert (points_of(ada), TaskCompletion.objects.filter(account_id=ada.pk).count()) == (30, 4)

    @pytest.mark.usefixtures("at_one_moment")
    def test_does_not_run_in_circles(self, quest, ada):
        quest(on("quest_completed"), title="Circle", reward=10, recurrence="daily")
        first = quest(step("Say hello"), title="First")

        do(first, ada)

        assert (points_of(ada), completed(ada)) == (10, 2)
