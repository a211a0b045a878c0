"""An event that moves one step by one takes a single statement, and ends as it would on the long way."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from loyalty.kernel import clock
from loyalty.models import (
    Action,
    Business,
    Event,
    InventoryItem,
    InventorySet,
    Metric,
    Milestone,
    MilestoneSet,
    QuestCompletion,
    TaskCompletion,
    TaskProgress,
    WithheldBenefit,
)
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import ledger as books
from loyalty.services import accounts, actions, at_once, completions, earn_rules, quests, verification
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.quest_rules import Audience, Condition, Rules, Sum, TaskRules, Window, in_points
from loyalty.services.reports import Report
from tests import races


@pytest.fixture
def ada(acme):
    return accounts.open_account(business=acme)


def ride(account, *, event_id=None, origin="server", **data):
    report = Report(account_id=account.pk, name="ride", data=data, origin=origin, event_id=event_id)
    return actions.take(report, business=account.business)


def step(title="Ride", **rules):
    return TaskRules(**{"title": title, "type": "event", "trigger": "ride", **rules})


FIFTY = [in_points(50)]


def quest(business, *steps, title="Commuter", benefits=FIFTY, **rules):
    return quests.create(
        business=business, title=title, rules=Rules(tasks=steps or [step()], benefits=benefits, **rules)
    )


def points_of(account):
    return books.wallets(business=account.business, account_ids=[account.pk])[account.pk].amount


# --- The same as on the long way ----------------------------------------------------------------------------


def badge(business):
    shelf = InventorySet.objects.create(business=business, key="badges", title="Badges")
    InventoryItem.objects.create(business=business, set=shelf, key="rider", title="Rider")
    return {"kind": "item", "set": "badges", "item": "rider"}


def pay_for_quests(business):
    terms = Terms(trigger="quest_completed", earn=Earn(points=7))
    earn_rules.create(business=business, title="Well done", terms=terms)


def pay_for_rides(business):
    earn_rules.create(business=business, title="Ride", terms=Terms(trigger="ride", earn=Earn(points=3)))


def stars(business):
    Metric.objects.create(business=business, key="stars", title="Stars")
    return {"kind": "metric", "metric": "stars", "quantity": 3}


def archive_stars(business):
    Metric.objects.for_business(business).filter(key="stars").update(archived_at=clock.wall())


def again(made, **rules):
    return quests.update(business=made.business, quest_id=made.pk, texts={}, rules=rules, while_active=True)


def ladder_of_tasks(business):
    ladder = MilestoneSet.objects.create(
        business=business,
        key="doers",
        title="Doers",
        basis=MilestoneSet.Basis.TASKS,
        metric=Metric.objects.get(business=business, key="points"),
    )
    Milestone.objects.create(business=business, set=ladder, key="doer", title="Doer", threshold=1)


def maximum(business, most):
    Metric.objects.for_business(business).filter(key="points").update(maximum=most)


PROGRAMMES = {
    "one step": lambda acme: quest(acme),
    "twice": lambda acme: quest(acme, step(target=2)),
    "very often": lambda acme: quest(acme, step(target=1000)),
    "three times": lambda acme: quest(acme, step(target=3)),
    "a step of two": lambda acme: quest(acme, step(), step("Swim", trigger="swim")),
    "one of two is enough": lambda acme: quest(acme, step(), step("Swim", trigger="swim"), required=1),
    "in order": lambda acme: quest(acme, step("Swim", trigger="swim"), step(), ordered=True),
    "paid for the step too": lambda acme: quest(acme, step(benefits=[in_points(5), in_points(6)])),
    "steps give nothing": lambda acme: quest(acme, step(benefits=[in_points(5)]), task_benefits=False),
    "to be claimed": lambda acme: quest(acme, auto_claim=False),
    "nothing": lambda acme: quest(acme, benefits=[]),
    "every day": lambda acme: quest(acme, step(target=2), recurrence="daily"),
    "days": lambda acme: quest(acme, step(measure="days", target=2)),
    "once a day": lambda acme: quest(acme, step(once_per_day=True, target=2)),
    "kilometres": lambda acme: quest(acme, step(measure=Sum(sum="km"), target=20)),
    "far": lambda acme: quest(acme, step(conditions=[Condition(field="km", operator=">", value=20)])),
    "near": lambda acme: quest(acme, step(conditions=[Condition(field="km", operator="<", value=20)])),
    "over": lambda acme: quest(acme, window=Window(to=clock.now(acme) - timedelta(days=1))),
    "for silver": lambda acme: quest(acme, audience=Audience(tiers=["silver"])),
    "in the user's days": lambda acme: quest(acme, step(target=2), recurrence="daily", zone="user"),
    "two quests": lambda acme: (quest(acme), quest(acme, step(target=2), title="More")),
    "with a rule": lambda acme: (quest(acme), pay_for_rides(acme)),
    "a rule for quests": lambda acme: (quest(acme), pay_for_quests(acme)),
    "room for one": lambda acme: (quest(acme), maximum(acme, 1)),
    "no room": lambda acme: (quest(acme, step(benefits=[in_points(1)])), maximum(acme, 1)),
    "some room": lambda acme: (quest(acme), maximum(acme, 20)),
    "up a ladder": lambda acme: (quest(acme), Milestone.objects.filter(key="silver").update(threshold=30)),
    "up a ladder of tasks": lambda acme: (quest(acme), ladder_of_tasks(acme)),
    "of an archived metric": lambda acme: (quest(acme, benefits=[stars(acme)]), archive_stars(acme)),
    "a new version": lambda acme: again(quest(acme, step(target=3)), tasks=[step(target=1)]),
    "more than is required": lambda acme: quest(
        acme, step(), step("More", trigger="swim"), step("Most", trigger="run"), required=1
    ),
    "a badge": lambda acme: quest(acme, benefits=[in_points(5), badge(acme)]),
}
NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)
TOLD = [{"km": 12}, {"event_id": "e1"}, {"event_id": "e1"}, {"origin": "client"}, {}]


ENTRY = (
    "sequence",
    "type",
    "metric__key",
    "amount",
    "balance_after",
    "source_type",
    "rule_id",
    "rule_version",
    "occurred_at",
)
FRESH = {"completionId", "entryId", "actionId", "changeId"}  # ids that each way makes anew


def plain(facts):
    return {name: "…" if name in FRESH else value for name, value in facts.items()}


def written(account):
    """All that is known of somebody, but for ids."""

    def of(model, *columns):
        return sorted(model.objects.filter(account=account).values_list(*columns), key=repr)

    account.refresh_from_db()
    return {
        "account": (account.event_sequence, account.last_event_at, account.tier and account.tier.key),
        "progress": of(TaskProgress, "quest__key", "period", "task_key", "value", "last_day"),
        "steps": of(TaskCompletion, "quest__key", "period", "task_key", "task__title", "completed_at", "claimed_at"),
        "quests": of(QuestCompletion, "quest__key", "period", "version__number", "last_task__task_key", "claimed_at"),
        "entries": [
            (*entry, source.partition(":")[2], plain(reason))
            for *entry, source, reason in of(LedgerEntry, *ENTRY, "source_id", "reason")
        ],
        "texts": of(LedgerEntry, "sequence", "text__description"),
        "news": [(*news, plain(facts)) for *news, facts in of(Event, "sequence", "topic", "created_at", "facts")],
        "actions": of(
            Action, "name", "event_id", "origin", "outcome", "data__km", "data__questKey", "occurred_at", "unpaid"
        ),
        "withheld": of(WithheldBenefit, "reason", "benefit"),
    }


def answers(taken):
    return [
        (
            one.outcome,
            one.is_repeat,
            one.points,
            [(v.step.key, v.period, v.reason, v.before, v.after) for v in one.verdicts],
            [(o.completion.task_key, o.points, o.completed_quest) for o in one.completed],
        )
        for one in taken
    ]


def end_of(account):
    """What was answered, and what is known in the end; nothing of it stays."""
    with transaction.atomic():
        taken = []
        for number, told in enumerate(TOLD):
            with clock.moved_to(NOON + timedelta(hours=20 * number)):
                taken.append(ride(account, **told))
        end = answers(taken), written(account)
        assert verification.verify(account.business) == []
        transaction.set_rollback(True)
    return end


@pytest.mark.parametrize("programme", PROGRAMMES.values(), ids=PROGRAMMES)
def test_ends_as_on_the_long_way(acme, ada, monkeypatch, programme):
    programme(acme)
    acme.refresh_from_db()

    short = end_of(ada)
    monkeypatch.setattr(at_once, "stride", lambda report, *, business: None)

    assert short == end_of(ada)


class TestIsShort:
    @pytest.mark.django_db(transaction=True)
    def test_one_statement_moves_a_step(self, acme, ada, django_assert_num_queries):
        quest(acme, step(target=1000))
        ride(ada)
        with django_assert_num_queries(1):
            taken = ride(ada)

        assert [int(verdict.after) for verdict in taken.verdicts] == [2]

    @pytest.mark.django_db(transaction=True)
    def test_one_statement_completes_and_pays(self, acme, ada, django_assert_num_queries):
        quest(acme, step(target=2, benefits=[in_points(5)]))
        ride(ada)
        with django_assert_num_queries(1):
            taken = ride(ada)

        assert (taken.points, points_of(ada)) == (55, 55)

    @pytest.mark.django_db(transaction=True)
    def test_one_statement_says_that_it_was_done_before(self, acme, ada, django_assert_num_queries):
        quest(acme)
        ride(ada)
        with django_assert_num_queries(1):
            taken = ride(ada)

        assert [verdict.reason for verdict in taken.verdicts] == ["done_before"]


class TestWhatItGave:
    """By either way, an entry leads to the event that brought it."""

    @pytest.mark.parametrize("way", ["short", "long"])
    def test_names_the_event(self, acme, ada, monkeypatch, way):
        quest(acme, step(target=2, benefits=[in_points(5)]))
        if way == "long":
            monkeypatch.setattr(at_once, "stride", lambda report, *, business: None)
        ride(ada)

        taken = ride(ada)

        named = LedgerEntry.objects.order_by("amount").values_list("source_type", "reason__actionId")
        assert list(named) == [("task", str(taken.action_id)), ("quest", str(taken.action_id))]

    def test_names_none_where_somebody_claimed_it(self, acme, ada):
        made = quest(acme, auto_claim=False)
        ride(ada)

        completions.claim(business=acme, task_id=made.current.tasks.get().pk, account_id=ada.pk)

        assert "actionId" not in LedgerEntry.objects.get().reason


class TestIsLong:
    """What this process knew last is not so any more, or more follows: it counts all the same, and once."""

    def test_after_the_programme_has_changed(self, acme, ada):
        made = quest(acme, step(target=1000))
        ride(ada)
        quests.set_status(business=acme, quest_id=made.pk, status="paused")

        assert ride(ada).outcome == "unmatched"
        assert TaskProgress.objects.get().value == 1

    def test_after_the_clock_of_a_sandbox_was_moved(self, acme):
        bob = accounts.open_account(business=acme.sandbox)
        quest(acme.sandbox, step(target=1000), recurrence="daily")
        ride(bob)
        Business.objects.filter(pk=acme.sandbox.pk).update(clock_offset=timedelta(days=2))

        ride(bob)

        assert TaskProgress.objects.filter(account=bob).count() == 2


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_no_event_is_lost_and_nothing_is_paid_twice(self, acme, ada):
        quest(acme, step(target=29))

        races.at_once(8, lambda _: [ride(ada) for _ in range(5)])

        assert (points_of(ada), Action.objects.count()) == (50, 40)
        assert {int(value) for value in TaskProgress.objects.values_list("value", flat=True)} == {29}

    def test_the_same_event_counts_once(self, acme, ada):
        quest(acme)

        taken = races.at_once(8, lambda _: ride(ada, event_id="e1"))

        assert races.errors(taken) == []
        assert sorted(one.is_repeat for one in taken) == [False] + [True] * 7
        assert points_of(ada) == 50

    def test_the_same_event_of_two_people_counts_for_one(self, acme, ada):
        quest(acme)
        people = [ada, accounts.open_account(business=acme)]

        taken = races.at_once(2, lambda number: ride(people[number], event_id="e1"))

        assert races.errors(taken) == []
        assert sorted(one.is_repeat for one in taken) == [False, True]
        assert sorted(map(points_of, people)) == [0, 50]

    def test_the_same_event_of_two_people_counts_for_one_though_neither_saw_the_other(self, acme, ada):
        """Each looks for it before the other has written it, and waits a moment."""
        quest(acme)
        people = [ada, accounts.open_account(business=acme)]
        slowly = "    SELECT NOT EXISTS (\n"
        with races.rewritten(
            "laurel_stride", lambda sql: sql.replace(slowly, f"    PERFORM pg_sleep(0.3);\n{slowly}", 1)
        ):
            taken = races.at_once(2, lambda number: ride(people[number], event_id="e1"))

        assert races.errors(taken) == []
        assert sorted(one.is_repeat for one in taken) == [False, True]
        assert sorted(map(points_of, people)) == [0, 50]

    def test_without_the_lock_events_are_lost(self, acme, ada):
        """The control."""
        quest(acme, step(target=1000))
        ride(ada)
        with races.rewritten("laurel_stride", lambda sql: sql.replace("FOR NO KEY UPDATE OF a", "")):
            for _ in range(20):
                races.at_once(8, lambda _: [ride(ada) for _ in range(5)])
                if TaskProgress.objects.get().value < Action.objects.count():
                    return
        pytest.fail("nothing was ever lost: the race does not race")
