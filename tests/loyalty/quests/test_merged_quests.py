"""What two people who turn out to be one have done of their quests, and what is whose when that is undone."""

import pytest

from loyalty.models import Event, Quest, QuestCompletion, TaskProgress
from loyalty.selectors import missions
from loyalty.services import accounts, actions, completions, earn_rules, merges, quests
from loyalty.services.earn_terms import Earn, Limit, Terms
from loyalty.services.quest_rules import Sum
from loyalty.services.reports import Report
from tests.loyalty.quests.conftest import do, points_of, step, tasks_of


@pytest.fixture
def cleo(acme):
    return accounts.open_account(business=acme)


def ride(*people, **data):
    for person in people:
        report = Report(account_id=person.pk, name="ride", data=data, origin="server")
        actions.take(report, business=person.business)


def merge(source, target):
    return merges.merge(business=source.business, source_id=source.pk, target_id=target.pk)


def claim(quest, person, number):
    task = tasks_of(quest)[number]
    return completions.claim(business=quest.business, task_id=task.pk, account_id=person.pk)


def undo(done):
    merges.undo(business=done.business, merge_id=done.pk)


def counted(*people):
    """How far each is, in whole numbers."""
    found = dict(TaskProgress.objects.values_list("account_id", "value"))
    return [int(found.get(person.pk, 0)) for person in people]


class TestWhatWasCounted:
    @pytest.mark.parametrize("measure", ["count", Sum(sum="km")])
    def test_adds_up_and_comes_apart_again(self, quest, ada, bob, measure):
        quest(step("Ride", type="event", trigger="ride", measure=measure, target=9))
        ride(ada, ada, bob, km=1)

        done = merge(ada, bob)
        ride(bob, km=1)
        assert counted(bob) == [4]
        undo(done)

        assert counted(ada, bob) == [2, 2]

    def test_completes_with_the_next_event_and_once(self, quest, ada, bob):
        quest(step("Ride", type="event", trigger="ride", target=3), reward=50)
        ride(ada, ada, bob)

        merge(ada, bob)
        assert points_of(bob) == 0
        ride(bob, bob)

        assert points_of(bob) == 50

    def test_is_nobody_elses_whichever_merge_is_undone_first(self, quest, ada, bob, cleo):
        quest(step("Ride", type="event", trigger="ride", target=9))
        ride(ada, bob, bob)
        first, second = merge(ada, cleo), merge(bob, cleo)

        undo(first)
        assert counted(ada, cleo) == [1, 2]
        undo(second)
        assert counted(ada, bob, cleo) == [1, 2, 0]

    def test_goes_on_through_two_merges(self, quest, ada, bob, cleo):
        quest(step("Ride", type="event", trigger="ride", target=9))
        ride(ada, bob, bob, cleo)
        first = merge(ada, bob)
        second = merge(bob, cleo)
        assert counted(cleo) == [4]

        undo(second)
        undo(first)

        assert counted(ada, bob, cleo) == [1, 2, 1]

    @pytest.mark.parametrize("said", [{"measure": "days"}, {"measure": "streak"}, {"once_per_day": True}], ids=str)
    def test_by_days_counts_no_day_twice(self, quest, ada, bob, cleo, said):
        quest(step("Ride", type="event", trigger="ride", target=9, **said))
        ride(ada, bob)

        merge(ada, bob)
        done = merge(bob, cleo)
        ride(cleo)
        assert counted(cleo) == [1]
        undo(done)

        assert counted(bob, cleo) == [1, 0]


class TestWhatTheyDidBetweenThem:
    def test_completes_the_quest_once_and_pays_it(self, welcome, ada, bob):
        do(welcome, ada)
        do(welcome, bob, 1)

        done = merge(ada, bob)

        assert points_of(bob) == 5 + 7 + 50
        told = Event.objects.filter(topic="quests/completed", account_id=bob.pk)
        assert [event.facts["questKey"] for event in told] == ["welcome"]
        undo(done)
        merge(ada, bob)
        assert points_of(bob) == 5 + 7 + 50

    def test_completes_no_quest_of_which_something_is_left(self, quest, ada, bob):
        three = quest(step("A"), step("B"), step("C"), reward=50)
        do(three, ada)
        do(three, bob, 1)

        merge(ada, bob)

        assert points_of(bob) == 0
        do(three, bob, 2)
        assert points_of(bob) == 50

    def test_completes_a_quest_that_asks_for_some_of_its_tasks(self, quest, ada, bob):
        three = quest(step("A"), step("B"), step("C"), reward=50, required=2)
        do(three, ada)
        do(three, bob, 1)

        merge(ada, bob)

        assert points_of(bob) == 50

    def test_completes_what_another_one_leads_to_once(self, quest, ada, bob):
        """The first one that the merge completes does the last step of the second, which it completes as well."""
        first = quest(step("A"), step("B"), title="First")
        follows = step("C", type="event", trigger="quest_completed", target=1)
        second = quest(step("A"), step("B"), follows, reward=50, required=2, title="Second")
        for each in (first, second):
            do(each, ada)
            do(each, bob, 1)

        merge(ada, bob)

        assert points_of(bob) == 50

    def test_completes_nothing_that_is_paused(self, acme, welcome, ada, bob):
        do(welcome, ada)
        do(welcome, bob, 1)
        quests.set_status(business=acme, quest_id=welcome.pk, status=Quest.Status.PAUSED)

        merge(ada, bob)

        assert not QuestCompletion.objects.exists()

    def test_waits_to_be_claimed_where_all_is(self, acme, quest, ada, bob):
        patient = quest(step("A", points=5), step("B", points=7), reward=50, auto_claim=False)
        do(patient, ada)
        do(patient, bob, 1)

        merge(ada, bob)

        assert points_of(bob) == 0
        assert [claim(patient, bob, number) for number in (0, 1)] == [5, 57]

    def test_may_be_claimed_by_a_step_that_they_have_claimed_themselves(self, acme, quest, ada, bob):
        patient = quest(step("A", points=5), step("B", points=7), reward=50, auto_claim=False)
        do(patient, bob, 1)
        assert claim(patient, bob, 1) == 7
        do(patient, ada)
        do(patient, ada, 1)

        merge(ada, bob)

        bob.refresh_from_db()
        statuses = [mission.status for mission in missions.missions(business=acme, account=bob.account)]
        assert statuses == ["claimable", "claimable"]
        assert [claim(patient, bob, number) for number in (1, 0)] == [50, 5]


class TestWhatStayedBecauseAnotherHadBroughtIt:
    """Two brought the same, and of the first one it is taken away again: the second one's is in its place."""

    def test_of_quests_is_not_paid_again(self, welcome, ada, bob, cleo):
        for person in (ada, bob):
            do(welcome, person)
            do(welcome, person, 1)
        first, second = merge(ada, cleo), merge(bob, cleo)

        undo(first)

        assert [do(welcome, cleo, number).is_repeat for number in (0, 1)] == [True, True]
        assert [do(welcome, ada, number).is_repeat for number in (0, 1)] == [True, True]
        undo(second)
        assert [do(welcome, bob, number).is_repeat for number in (0, 1)] == [True, True]
        assert [points_of(person) for person in (ada, bob, cleo)] == [62, 62, 0]

    @pytest.mark.usefixtures("at_one_moment")
    def test_of_limits_is_not_paid_again(self, acme, ada, bob, cleo):
        terms = Terms(trigger="ride", earn=Earn(points=3), limit=Limit(times=1, period="daily"))
        earn_rules.create(business=acme, title="Ride", terms=terms)
        ride(ada, bob)
        first, _ = merge(ada, cleo), merge(bob, cleo)

        undo(first)
        ride(cleo, ada)

        assert [points_of(person) for person in (ada, cleo)] == [3, 3]
