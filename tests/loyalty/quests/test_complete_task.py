"""POST /quests/:id/complete: a task is done once, the last one completes the quest, everything is paid once."""

from datetime import UTC, datetime, timedelta

import pytest

from loyalty.kernel import clock
from loyalty.models import Business, Metric, QuestCompletion, TaskCompletion, WithheldBenefit
from loyalty.selectors import ledger as books
from loyalty.services import accounts, completions, earn_rules, ledger, quests, segments
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.quest_rules import Audience, Window
from tests.loyalty import climbers
from tests.loyalty.quests.conftest import do, points_of, step, tasks_of
from tests.refusals import assert_refused

NOBODY = "0192e4a0-0000-7000-8000-000000000000"
NOON = datetime(2040, 5, 7, 12, tzinfo=UTC)  # a Monday


def asked(api, quest, person, number=0, **said):
    body = {"advocateId": str(person.pk), "taskId": str(tasks_of(quest)[number].pk), **said}
    return api.post(f"/quests/{quest.pk}/complete", body)


def nothing_done(business):
    return not TaskCompletion.objects.for_business(business).exists()


class TestRefuses:
    @pytest.mark.parametrize("field", ["advocateId", "taskId"])
    def test_a_body_without(self, api, welcome, ada, field):
        body = {"advocateId": str(ada.pk), "taskId": str(tasks_of(welcome)[0].pk)}
        del body[field]

        assert_refused(api.post(f"/quests/{welcome.pk}/complete", body), "VALIDATION_ERROR", field)

    @pytest.mark.parametrize(("field", "noun"), [("advocateId", "advocate"), ("taskId", "task")])
    def test_what_nobody_knows(self, api, welcome, ada, field, noun):
        refused = asked(api, welcome, ada, **{field: NOBODY})

        assert_refused(refused, "NOT_FOUND", field, status=404)
        assert noun in refused.json()["error"]["message"]

    def test_what_belongs_to_another_business(self, api, rival_api, quest, rival, welcome, ada, eve):
        theirs = quest(step("Say hello"), business=rival)

        assert_refused(asked(api, welcome, eve), "NOT_FOUND", "advocateId", status=404)
        assert_refused(asked(rival_api, welcome, eve), "NOT_FOUND", None, status=404)
        foreign = asked(api, welcome, ada, taskId=str(tasks_of(theirs)[0].pk))
        assert_refused(foreign, "NOT_FOUND", "taskId", status=404)

    def test_the_task_of_another_quest(self, api, quest, welcome, ada):
        other = quest(step("Wave"), key="other")

        refused = asked(api, welcome, ada, taskId=str(tasks_of(other)[0].pk))
        assert_refused(refused, "NOT_FOUND", "taskId", status=404)

    def test_what_only_events_complete(self, api, quest, ada):
        rides = quest(step("Ride", type="event", trigger="ride_completed"))

        assert_refused(asked(api, rides, ada), "VALIDATION_ERROR", "taskId")

    @pytest.mark.parametrize("status", ["draft", "paused", "completed", "archived"])
    def test_a_quest_that_is_not_active(self, api, acme, welcome, ada, status):
        quests.set_status(business=acme, quest_id=welcome.pk, status=status)

        assert_refused(asked(api, welcome, ada), "CONFLICT", None, status=409)

    @pytest.mark.parametrize(
        "window",
        [Window(from_=NOON + timedelta(seconds=1)), Window(to=NOON), Window(to=NOON - timedelta(days=1))],
    )
    def test_outside_its_window(self, acme, quest, ada, window):
        soon = quest(step("Say hello"), window=window)

        with clock.moved_to(NOON), pytest.raises(completions.quest_gate.OutsideWindow):
            do(soon, ada)

    def test_who_is_not_in_its_audience(self, api, acme, quest, beta, ada):
        golden = quest(step("Say hello"), key="golden", audience=Audience(tiers=["gold", "silver"]))
        testers = quest(step("Say hello"), key="testers", audience=Audience(segments=["beta"]))
        others = quest(step("Say hello"), key="others", audience=Audience(exclude_segments=["beta"]))
        risen = quest(step("Say hello"), key="risen", audience=Audience(exclude_tiers=["bronze"]))

        assert_refused(asked(api, risen, ada), "NOT_ELIGIBLE", None)
        assert_refused(asked(api, golden, ada), "NOT_ELIGIBLE", None)
        assert_refused(asked(api, testers, ada), "NOT_ELIGIBLE", None)
        segments.put(business=acme, account_id=ada.pk, keys=["beta"])
        assert_refused(asked(api, others, ada), "NOT_ELIGIBLE", None)
        assert nothing_done(acme)

    def test_a_task_before_its_turn(self, api, acme, quest, ada):
        ordered = quest(step("First"), step("Second"), ordered=True)

        assert_refused(asked(api, ordered, ada, 1), "CONFLICT", "taskId", status=409)
        assert nothing_done(acme)

    @pytest.mark.parametrize("points", [0, 5])
    def test_somebody_who_is_blocked(self, api, acme, quest, ada, points):
        hello = quest(step("Say hello", points=points))
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        assert_refused(asked(api, hello, ada), "CONFLICT", None, status=409)
        assert nothing_done(acme)


class TestCompletes:
    def test_with_as_much_as_the_maximum_leaves_room_for(self, api, acme, welcome, ada):
        Metric.objects.for_business(acme).filter(key="points").update(maximum=10)

        paid = [asked(api, welcome, ada, number).json()["pointsAwarded"] for number in (0, 1)]

        assert paid == [5, 5]  # of 5, and of 7; nothing of the 50 for both
        assert WithheldBenefit.objects.for_business(acme).get().source_type == "quest"

    def test_and_tells_what_that_led_to(self, api, acme, quest, ada):
        earn_rules.create(business=acme, title="Fan", terms=Terms(trigger="quest_completed", earn=Earn(points=500)))
        hello = quest(step("Say hello", points=5), reward=50)

        assert asked(api, hello, ada).json()["pointsAwarded"] == points_of(ada) == 555

    def test_a_task_and_pays_it(self, api, welcome, ada):
        answer = asked(api, welcome, ada)

        body = answer.json()
        assert (answer.status_code, body["pointsAwarded"], body["alreadyCompleted"]) == (200, 5, False)
        assert (
            body["completion"]
            | {
                "questId": str(welcome.pk),
                "taskId": str(tasks_of(welcome)[0].pk),
                "advocateId": str(ada.pk),
                "questCompleted": False,
            }
            == body["completion"]
        )
        assert points_of(ada) == 5

    def test_a_task_and_the_quest_with_few_statements(self, welcome, ada, django_assert_num_queries):
        do(welcome, ada)
        task = tasks_of(welcome)[1]
        with django_assert_num_queries(9):  # savepoint, release, person, quest, task, whether done, both, awards
            completions.complete(business=ada.business, quest_id=welcome.pk, task_id=task.pk, account_id=ada.pk)

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_the_quest_with_its_last_task_and_tells_all_that_was_paid(self, api, welcome, ada, order):
        first, last = (asked(api, welcome, ada, number).json() for number in order)

        assert first["pointsAwarded"] + last["pointsAwarded"] == points_of(ada) == 62
        assert (first["completion"]["questCompleted"], last["completion"]["questCompleted"]) == (False, True)

    @pytest.mark.parametrize("done", [1, 2])
    def test_once_and_answers_the_same_completion_again(self, api, acme, welcome, ada, done):
        firsts = [asked(api, welcome, ada, number).json() for number in range(done)]

        for number, first in enumerate(firsts):
            again = asked(api, welcome, ada, number).json()
            assert again == {**first, "pointsAwarded": 0, "alreadyCompleted": True}
        assert points_of(ada) == sum(first["pointsAwarded"] for first in firsts)

    def test_once_whatever_became_of_the_quest_since(self, api, acme, welcome, ada):
        first = asked(api, welcome, ada).json()
        quests.set_status(business=acme, quest_id=welcome.pk, status="archived")

        again = asked(api, welcome, ada)
        assert (again.status_code, again.json()["completion"]) == (200, first["completion"])

    @pytest.mark.parametrize("type", ["manual", "proof", "social", "survey", "testimonial", "referral"])
    def test_every_type_but_events(self, api, quest, ada, type):
        assert asked(api, quest(step("Do it", type=type, points=3)), ada).json()["pointsAwarded"] == 3

    def test_tasks_in_their_order(self, quest, ada):
        ordered = quest(step("First"), step("Second"), ordered=True, reward=9)

        do(ordered, ada, 0)
        assert do(ordered, ada, 1).points == 9

    def test_a_quest_when_enough_of_its_tasks_are_done(self, quest, ada):
        any_two = quest(step("a"), step("b", points=1), step("c", points=2), required=2, reward=9)

        outcomes = [do(any_two, ada, number) for number in (2, 0, 1)]
        assert [outcome.completed_quest for outcome in outcomes] == [False, True, False]
        assert [outcome.points for outcome in outcomes] == [2, 9, 1]

    def test_for_each_of_many_people(self, welcome, ada, bob):
        assert [do(welcome, person).points for person in (ada, bob)] == [5, 5]

    def test_for_those_in_its_audience(self, acme, quest, beta, ada):
        audience = Audience(tiers=["bronze"], segments=["beta"])
        segments.put(business=acme, account_id=ada.pk, keys=["beta"])

        assert do(quest(step("Say hello"), audience=audience), ada).completed_quest

    def test_in_the_first_moment_of_its_window(self, acme, quest, ada):
        now = quest(step("Say hello"), window=Window(from_=NOON, to=NOON + timedelta(days=1)))

        with clock.moved_to(NOON):
            assert do(now, ada).completion.completed_at == NOON


class TestEntries:
    def test_say_which_quest_and_version_paid(self, acme, welcome, ada):
        do(welcome, ada)
        (entry,) = books.entries(business=acme, account_id=ada.pk)

        assert (entry.rule_id, entry.rule_version, entry.source_type) == (welcome.pk, 1, "task")
        assert entry.reason == {"questId": str(welcome.pk), "period": ""}

    def test_keep_the_old_version_when_a_new_one_pays_differently(self, acme, welcome, ada, bob):
        do(welcome, ada)
        rules = {"tasks": [step("Say hello", points=500), step("Fill in your profile")]}
        quests.update(business=acme, quest_id=welcome.pk, texts={}, rules=rules, while_active=True)

        assert do(welcome, bob).points == 500
        assert (points_of(ada), points_of(bob)) == (5, 500)


class TestRecurrence:
    @pytest.mark.parametrize(
        ("recurrence", "same", "next"),
        [
            ("none", timedelta(days=400), None),
            ("daily", timedelta(hours=9), timedelta(hours=10)),  # midnight in Berlin is 22:00 in UTC
            ("weekly", timedelta(days=6), timedelta(days=7)),
            ("monthly", timedelta(days=24), timedelta(days=25)),
        ],
    )
    def test_begins_again_in_each_period_of_the_programme(self, acme, quest, ada, recurrence, same, next):
        Business.objects.filter(pk=acme.pk).update(timezone="Europe/Berlin")
        often = quest(step("Say hello", points=5), recurrence=recurrence, reward=10)

        with clock.moved_to(NOON):
            first = do(often, ada)
        with clock.moved_to(NOON + same):
            assert do(often, ada).completion == first.completion
        if next:
            with clock.moved_to(NOON + next):
                assert do(often, ada).points == 15

    def test_follows_the_sandbox_clock(self, acme, quest, sandbox_api):
        daily = quest(step("Say hello", points=5), recurrence="daily", business=acme.sandbox)
        account = accounts.open_account(business=acme.sandbox)

        first = asked(sandbox_api, daily, account).json()
        sandbox_api.post("/test-clock", {"advance": "P1D"})
        assert (first["pointsAwarded"], asked(sandbox_api, daily, account).json()["pointsAwarded"]) == (5, 5)


class TestClaim:
    @pytest.fixture
    def patient(self, quest):
        return quest(step("Say hello", points=5), reward=50, auto_claim=False)

    def claim(self, quest, person):
        (task,) = tasks_of(quest)[:1]
        return completions.claim(business=quest.business, task_id=task.pk, account_id=person.pk)

    def test_is_what_a_completion_waits_for(self, patient, ada):
        outcome = do(patient, ada)

        assert (outcome.points, outcome.completed_quest, points_of(ada)) == (0, True, 0)

    def test_pays_all_that_waits_once(self, patient, ada):
        do(patient, ada)

        assert (self.claim(patient, ada), points_of(ada)) == (55, 55)
        with pytest.raises(completions.NothingToClaim):
            self.claim(patient, ada)
        assert points_of(ada) == 55

    def test_tells_what_that_led_to(self, acme, patient, ada):
        climbers.put(acme, climbers.rungs(bronze=0, silver=climbers.points(55, 100)), key="tiers", is_tier=True)
        do(patient, ada)

        assert self.claim(patient, ada) == points_of(ada) == 155

    def test_finds_nothing_of_others(self, patient, welcome, ada, bob):
        do(patient, ada)

        for quest, person in ((patient, bob), (welcome, ada)):
            with pytest.raises(completions.NothingToClaim):
                self.claim(quest, person)

    def test_leaves_it_waiting_when_the_account_cannot_be_paid(self, acme, patient, ada):
        do(patient, ada)
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        with pytest.raises(ledger.AccountNotActive):
            self.claim(patient, ada)
        assert QuestCompletion.objects.for_business(acme).get().claimed_at is None
