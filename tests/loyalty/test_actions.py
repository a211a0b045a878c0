"""What people do moves the quests that listen to it: once, exactly, and for everybody who may take part."""

from datetime import timedelta

import pytest

from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Action, EventType, QuestCompletion, Segment, TaskProgress
from loyalty.selectors import ledger as books
from loyalty.services import accounts, actions, ledger, people, quests, reports, segments
from loyalty.services.quest_rules import Audience, Condition, Rules, Sum, TaskRules, Window, in_points
from loyalty.services.reports import Report
from tests.races import at_once


@pytest.fixture
def ada(acme):
    return accounts.open_account(business=acme)


def ride(account, *, event_id=None, origin="server", name="ride", **data):
    report = Report(account_id=account.pk, name=name, data=data, origin=origin, event_id=event_id)
    return actions.take(report, business=account.business)


def quest(business, *, title="Commuter", tasks=None, **rules):
    steps = tasks or [step()]
    return quests.create(business=business, title=title, rules=Rules(tasks=steps, benefits=[in_points(50)], **rules))


def step(title="Ride", **rules):
    return TaskRules(**{"title": title, "type": "event", "trigger": "ride", **rules})


def points_of(account):
    return books.wallets(business=account.business, account_ids=[account.pk])[account.pk].amount


def value_of(account):
    return int(TaskProgress.objects.get(account=account).value)


class TestRefuses:
    def test_a_stranger(self, rival, ada):
        report = Report(account_id=ada.pk, name="ride", data={}, origin="client")

        with pytest.raises(NotFound):
            actions.take(report, business=rival)

        assert not Action.objects.exists()

    def test_a_blocked_person(self, acme, ada):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        with pytest.raises(ledger.AccountNotActive):
            ride(ada)

    @pytest.mark.parametrize("name", ["order_paid", "audit"])
    def test_clients_that_tell_what_only_a_backend_knows(self, acme, ada, name):
        EventType.objects.create(business=acme, name="audit", title="Audit", origin="server")

        with pytest.raises(reports.NotForClients):
            ride(ada, name=name, origin="client")

        assert ride(ada, name="audit", origin="server").outcome == "unmatched"

    @pytest.mark.parametrize("data", [{"km": "far"}, {"km": True}, {"city": 3}, {"night": "yes"}])
    def test_a_declared_field_of_another_type(self, acme, ada, data):
        fields = {"km": "number", "city": "string", "night": "boolean"}
        EventType.objects.create(business=acme, name="ride", title="Ride", carries=fields)

        with pytest.raises(Invalid) as refused:
            ride(ada, **data)

        assert refused.value.field == f"data.{next(iter(data))}"


class TestAnEventThatNothingListensTo:
    def test_is_kept_with_one_statement(self, ada, django_assert_num_queries):
        ride(ada, name="sneeze")
        with django_assert_num_queries(1):
            taken = ride(ada, name="sneeze", loud=True)

        assert Action.objects.get(pk=taken.action_id).data == {"loud": True}
        assert taken.outcome == "unmatched"

    def test_counts_once_by_its_id(self, ada):
        first, again = ride(ada, event_id="e1"), ride(ada, event_id="e1")

        assert (first.action_id, False, True) == (again.action_id, first.is_repeat, again.is_repeat)
        assert Action.objects.count() == 1


class TestMatching:
    def test_moves_completes_and_pays_once(self, acme, ada):
        quest(acme, tasks=[step(target=2, benefits=[in_points(5)])])

        first, second, third = ride(ada), ride(ada), ride(ada)

        assert (first.points, second.points, third.points) == (0, 55, 0)
        assert points_of(ada) == 55
        assert [v.reason for v in third.verdicts] == ["done_before"]

    def test_costs_the_same_whatever_else_runs(self, acme, ada, django_assert_num_queries):
        quest(acme, tasks=[step(target=9), step("Again", target=9)])
        ride(ada)
        with django_assert_num_queries(5):  # begin, person, progress, what came of it, commit
            ride(ada)
        for number in range(10):
            quest(acme, title=f"Other {number}", tasks=[step(trigger="swim")])
        ride(ada)

        with django_assert_num_queries(5):
            ride(ada)

    def test_completes_and_pays_with_nine_statements(self, acme, ada, django_assert_num_queries):
        quest(acme, tasks=[step(target=2), step("Again", target=2)])
        ride(ada)

        with django_assert_num_queries(9):  # those of a step, and: each step, whether it is done yet, the points
            taken = ride(ada)

        assert taken.points == 50

    def test_hears_of_a_change_at_once(self, acme, ada):
        assert ride(ada).outcome == "unmatched"
        made = quest(acme)
        assert ride(ada).outcome == "matched"

        quests.set_status(business=acme, quest_id=made.pk, status="paused")

        assert ride(ada).outcome == "unmatched"

    def test_one_event_moves_every_step_that_listens(self, acme, ada):
        quest(acme, title="One")
        quest(acme, title="Two", tasks=[step(target=2)])

        taken = ride(ada)

        assert (len(taken.verdicts), len(taken.completed)) == (2, 1)

    def test_meets_every_condition_or_does_nothing(self, acme, ada):
        far = [Condition(field="km", operator=">=", value=2), Condition(field="city", operator="in", value=["Ulm"])]
        quest(acme, tasks=[step(conditions=far)])

        assert ride(ada, km=1, city="Ulm").verdicts[0].reason == "condition:km"
        assert ride(ada, km=2, city="Bonn").verdicts[0].reason == "condition:city"
        assert ride(ada, km=2, city="Ulm").points == 50

    def test_is_only_for_the_audience(self, acme, ada):
        Segment.objects.create(business=acme, key="beta", title="Beta")
        quest(acme, title="Gold", audience=Audience(tiers=["gold"]))
        quest(acme, title="Beta", audience=Audience(segments=["beta"]))

        assert {v.reason for v in ride(ada).verdicts} == {"other_tier", "other_segment"}
        segments.put(business=acme, account_id=ada.pk, keys=["beta"])

        assert ride(ada).points == 50

    def test_is_only_inside_the_window(self, acme, ada):
        quest(acme, window=Window(from_=clock.wall() + timedelta(days=1)))

        assert ride(ada).verdicts[0].reason == "outside_window"

    def test_keeps_the_order_of_ordered_steps(self, acme, ada):
        quest(acme, ordered=True, tasks=[step("Ride"), step("Sing", trigger="sing")])

        assert ride(ada, name="sing").verdicts[0].reason == "not_its_turn"
        ride(ada)

        assert ride(ada, name="sing").points == 50


class TestMeasures:
    def test_a_sum_adds_up_a_field_exactly(self, acme, ada):
        quest(acme, tasks=[step(measure=Sum(sum="km"), target=1)])
        for _ in range(9):
            assert ride(ada, km=0.1).points == 0

        assert ride(ada, km="far").verdicts[0].reason == "no_number:km"
        assert ride(ada, km=0.1).points == 50

    def test_distinct_days_count_once_a_day(self, acme, ada):
        quest(acme, tasks=[step(measure="days", target=9)])
        now = clock.wall()
        for day in (0, 0, 1, 3):
            with clock.moved_to(now + timedelta(days=day)):
                ride(ada)

        assert value_of(ada) == 3

    def test_a_streak_starts_anew_after_a_day_without(self, acme, ada):
        quest(acme, tasks=[step(measure="streak", target=9)])
        now = clock.wall()
        values = []
        for day in (0, 1, 1, 2, 4):
            with clock.moved_to(now + timedelta(days=day)):
                ride(ada)
            values.append(value_of(ada))

        assert values == [1, 2, 2, 3, 1]

    @pytest.mark.usefixtures("at_one_moment")
    def test_once_a_day_counts_the_first(self, acme, ada):
        quest(acme, tasks=[step(once_per_day=True, target=9)])

        assert ride(ada).verdicts[0].moves
        assert ride(ada).verdicts[0].reason == "counted_today"

    def test_recurring_quests_start_anew_each_period(self, acme, ada):
        quest(acme, recurrence="daily")
        now = clock.wall()
        for day in (0, 0, 1):
            with clock.moved_to(now + timedelta(days=day)):
                ride(ada)

        assert (QuestCompletion.objects.count(), points_of(ada)) == (2, 100)


class TestCaps:
    @pytest.mark.usefixtures("at_one_moment")
    def test_count_no_more_than_so_many_a_day(self, acme, ada):
        EventType.objects.create(business=acme, name="ride", title="Ride", per_day=2)
        quest(acme, tasks=[step(target=9)])

        assert [ride(ada).outcome for _ in range(3)] == ["matched", "matched", "capped"]
        with clock.moved_to(clock.wall() + timedelta(days=1)):
            assert ride(ada).outcome == "matched"


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_no_event_is_lost_and_nothing_is_paid_twice(self, acme, ada):
        """With two quests, which takes more than a statement; `test_strides.py` has one."""
        quest(acme, title="All", tasks=[step(target=40)])
        quest(acme, title="More", tasks=[step(target=999)])

        at_once(8, lambda _: [ride(ada) for _ in range(5)])

        assert points_of(ada) == 50
        assert {int(row.value) for row in TaskProgress.objects.filter(account=ada)} == {40}

    def test_the_same_event_counts_once(self, acme, ada):
        quest(acme)

        taken = at_once(8, lambda _: ride(ada, event_id="e1"))

        assert sorted(one.is_repeat for one in taken) == [False] + [True] * 7
        assert points_of(ada) == 50

    def test_without_the_lock_events_are_lost(self, acme, ada, monkeypatch):
        """The control: the same race with the account read, and not locked."""
        quest(acme, tasks=[step(target=999), step("Again", target=999)])
        monkeypatch.setattr(people, "LOCK", people.LOCK.replace("FOR NO KEY UPDATE OF a", ""))

        for _ in range(20):
            at_once(8, lambda _: [ride(ada) for _ in range(5)])
            if min(TaskProgress.objects.values_list("value", flat=True)) < Action.objects.count():
                return
        pytest.fail("nothing was ever lost: the race does not race")
