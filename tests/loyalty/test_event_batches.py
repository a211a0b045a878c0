"""A batch of events does what the same events do one by one, in far fewer statements."""

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.kernel import clock, tries
from loyalty.kernel.errors import DomainError
from loyalty.models import (
    Account,
    Action,
    EarnRule,
    EarnRuleBudget,
    EarnRuleUse,
    EventType,
    Metric,
    Milestone,
    Segment,
    TaskCompletion,
    TaskProgress,
    WithheldBenefit,
)
from loyalty.selectors import ledger as books
from loyalty.services import (
    accounts,
    actions,
    earn_rules,
    event_batches,
    intake,
    notes,
    quests,
    segments,
    verification,
)
from loyalty.services.earn_terms import Earn, Limit, Terms
from loyalty.services.quest_rules import Audience, Condition, Rules, Sum, TaskRules, in_points
from loyalty.services.reports import Report, Taken
from tests.loyalty import climbers
from tests.races import at_once, errors

PEOPLE = 4


def people(business, count=PEOPLE):
    return [accounts.open_account(business=business) for _ in range(count)]


def did(account, name="ride", *, event_id=None, origin="server", **data):
    return Report(account_id=account.pk, name=name, data=data, origin=origin, event_id=event_id)


def send(business, *reports):
    return event_batches.take(business=business, reports=reports)


def rule(business, title="Ride", *, points=10, trigger="ride", **terms):
    return earn_rules.create(
        business=business, title=title, terms=Terms(trigger=trigger, earn=Earn(points=points), **terms)
    )


def quest(business, title, *steps, points=50, **rules):
    return quests.create(
        business=business, title=title, rules=Rules(tasks=steps, benefits=[in_points(points)], **rules)
    )


def step(title="Ride", trigger="ride", **rules):
    return TaskRules(title=title, type="event", trigger=trigger, **rules)


def points_of(account):
    return books.wallets(business=account.business, account_ids=[account.pk])[account.pk].amount


# --- The same as one by one ---------------------------------------------------------------------------------


def programme(business):
    """Everything that may make one event of a batch depend on another one."""
    Metric.objects.for_business(business).filter(key="points").update(maximum=900)
    Milestone.objects.for_business(business).filter(key="silver").update(threshold=100, multiplier_top=3)
    Segment.objects.create(business=business, key="beta", title="Beta")
    EventType.objects.create(business=business, name="swim", title="Swim", per_day=3)
    EventType.objects.create(business=business, name="run", title="Run", carries={"km": "number"})
    quest(business, "Commuter", step(target=2, benefits=[in_points(5)]))
    quest(business, "Far", step(measure=Sum(sum="km"), target=10), step("Once", once_per_day=True, target=2))
    quest(business, "In order", step("First", "swim", target=2), step("Then", "ride", target=2), ordered=True)
    quest(business, "Daily", step("Swim", "swim"), recurrence="daily", points=20)
    quest(business, "Silver only", step("Ride", "ride"), audience=Audience(tiers=["silver"]))
    quest(business, "Too much", step("Dive", "dive"), points=2000)
    rule(business, "Ride", limit=Limit(times=3, period="daily"), tier_multiplier=True)
    rule(business, "Beta", trigger="swim", points=7, audience=Audience(segments=["beta"]), priority=2, stacking="s")
    rule(business, "All", trigger="swim", points=3, stacking="s", limit=Limit(times=2))
    rule(business, "Purse", trigger="run", budget=45, conditions=[Condition(field="km", operator=">", value=1)])
    rule(business, "Well done", trigger="quest_completed", points=4, budget=30)


EVENTS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        who=st.integers(0, PEOPLE),
        name=st.sampled_from(["ride", "ride", "swim", "run", "dive", "sneeze", "order_paid"]),
        km=st.sampled_from([None, 1, 4, 0.5, "far"]),
        event_id=st.sampled_from([None, None, None, "e1", "e2"]),
        origin=st.sampled_from(["server", "server", "client"]),
    ),
    max_size=14,
)


def reports_of(sent, cast) -> list[Report]:
    """Who is not in the cast is the stranger."""
    ids = [*(each.pk for each in cast), UUID(int=1)]
    return [
        Report(
            account_id=ids[one["who"]],
            name=one["name"],
            data={} if one["km"] is None else {"km": one["km"]},
            origin=one["origin"],
            event_id=one["event_id"],
        )
        for one in sent
    ]


def one_by_one(business, reports: Sequence[Report]) -> list[Taken | DomainError]:
    def take(report: Report) -> Taken | DomainError:
        try:
            return actions.take(report, business=business)
        except DomainError as error:
            return error

    return [take(report) for report in reports]


def told(result: Taken | DomainError) -> object:
    if isinstance(result, DomainError):
        return (type(result).__name__, result.message, result.field)
    if result.outcome == "unmatched":  # a single one that nothing listens to is noted without asking why
        return (result.outcome, result.is_repeat, result.points)
    moved = [(verdict.step.key, verdict.reason, verdict.before, verdict.after) for verdict in result.verdicts]
    paid = [(payout.rule.key, payout.reason, payout.points, payout.caps) for payout in result.paid]
    return (result.outcome, result.is_repeat, result.points, moved, len(result.completed), paid)


def state(business, cast) -> dict[str, object]:
    """Where everybody is; people by their place in the cast, for ids are each world's own."""
    place = {each.pk: number for number, each in enumerate(cast)}

    def of(model, *columns):
        rows = model.objects.for_business(business).values_list("account_id", *columns)
        return sorted((place[account_id], *map(str, rest)) for account_id, *rest in rows)

    wallets = books.wallets(business=business, account_ids=place)
    rows = Account.objects.for_business(business).filter(pk__in=place).select_related("tier")
    return {
        "wallets": {place[account_id]: wallet for account_id, wallet in wallets.items()},
        "tiers": {place[each.pk]: (str(each.tier), each.event_sequence) for each in rows},
        "progress": of(TaskProgress, "quest__key", "period", "task_key", "value", "last_day"),
        "completed": of(TaskCompletion, "quest__key", "period", "task_key"),
        "actions": of(Action, "name", "event_id", "origin", "outcome", "data__km", "data__questKey"),
        "uses": of(EarnRuleUse, "rule__key", "period", "times"),
        "budgets": sorted(EarnRuleBudget.objects.for_business(business).values_list("rule__key", "spent")),
        "rules": sorted(EarnRule.objects.for_business(business).values_list("key", "status")),
    }


def end_of(business, take, sent) -> tuple[object, object]:
    """What everybody was told, and where they are in the end; nothing of it stays."""
    with transaction.atomic():
        cast = people(business)
        segments.put(business=business, account_id=cast[0].pk, keys=["beta"])
        accounts.set_blocked(business=business, account_id=cast[3].pk, blocked=True)
        results = take(business, reports_of(sent, cast))
        end = ([told(result) for result in results], state(business, cast))
        assert verification.verify(business) == []
        transaction.set_rollback(True)
    return end


@pytest.fixture
def world(acme):
    programme(acme)
    return acme


def as_batch(business, reports):
    return send(business, *reports).results


@given(sent=EVENTS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_ends_as_if_they_had_come_one_by_one(world, sent):
    with clock.moved_to(datetime(2031, 5, 1, 12, tzinfo=UTC)):
        assert end_of(world, as_batch, sent) == end_of(world, one_by_one, sent)


# --- How much it asks of the database -----------------------------------------------------------------------


class TestStatements:
    @pytest.mark.parametrize(("name", "most"), [("sneeze", 9), ("swim", 10), ("advance", 11), ("pay", 12)])
    def test_are_as_many_for_many_people_as_for_few(self, acme, name, most, django_assert_max_num_queries):
        EventType.objects.create(business=acme, name="swim", title="Swim", per_day=99)
        quest(acme, "Far", step(trigger="advance", target=999))
        rule(acme, trigger="pay", limit=Limit(times=99))
        cast = people(acme, 60)
        send(acme, did(cast[0], name))

        for count in (2, 60):
            with django_assert_max_num_queries(most):
                done = send(acme, *[did(each, name, event_id=f"{count}-{each.pk}") for each in cast[:count]])
            assert not [result for result in done.results if isinstance(result, DomainError)]

    def test_are_few_more_where_people_are_paid_again_and_again(self, acme, django_assert_max_num_queries):
        rule(acme, trigger="pay")
        cast = people(acme, 3)
        send(acme, did(cast[0], "pay"))

        with django_assert_max_num_queries(10):
            send(acme, *[did(each, "pay") for each in cast * 20])

        assert points_of(cast[1]) == 200


class TestWhatFollows:
    def test_is_told_with_the_event_that_led_to_it(self, acme):
        quest(acme, "Commuter", step())
        rule(acme, "Well done", trigger="quest_completed", points=500)
        rule(acme, trigger="swim", points=1_000)
        climbers.put(acme, climbers.rungs(bronze=0, silver=climbers.points(1_000, 100)), key="tiers", is_tier=True)
        ada, bob = people(acme, 2)

        done = send(acme, did(ada), did(bob, "swim"), did(ada), did(bob, "sneeze"), did(bob, "swim"))

        assert [result.points for result in done.results] == [550, 1_000, 0, 0, 1_100]
        assert [points_of(each) for each in (ada, bob)] == [550, 2_100]


# --- One bad item, and others that came first ---------------------------------------------------------------


class TestWhatCannotBeGiven:
    def test_spoils_neither_what_was_done_nor_any_other(self, acme):
        stars = Metric.objects.create(business=acme, key="stars", title="Stars")
        quest(acme, "Gone", step(target=2, benefits=[{"kind": "metric", "metric": "stars", "quantity": 5}]))
        Metric.objects.for_business(acme).filter(pk=stars.pk).update(archived_at=clock.wall())
        rule(acme, points=10, trigger="swim")
        ada, bob = people(acme, 2)

        done = send(acme, did(ada, "swim"), did(ada), did(ada), did(bob), did(ada, "swim"))

        assert [getattr(result, "outcome", "refused") for result in done.results] == ["matched"] * 5
        assert (points_of(ada), points_of(bob), Action.objects.count()) == (70, 0, 5)
        assert TaskCompletion.objects.get().account_id == ada.pk
        assert [(one.account_id, one.reason) for one in WithheldBenefit.objects.all()] == [(ada.pk, "NOT_FOUND")]


class TestABudget:
    def test_pauses_its_rule_in_the_middle(self, acme):
        made = rule(acme, budget=25)
        cast = people(acme, 4)

        done = send(acme, *map(did, cast))

        assert [(one.outcome, one.points) for one in done.results] == [
            *(("matched", 10), ("matched", 10), ("matched", 5), ("unmatched", 0))
        ]
        made.refresh_from_db()
        assert (made.status, EarnRuleBudget.objects.get().spent) == ("paused", 25)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_fifty_callers_of_one_batch_have_one_effect(self, acme):
        quest(acme, "Ride", step(target=2))
        rule(acme, trigger="swim", budget=1000)
        cast = people(acme, 3)
        sent = [did(each, name, event_id=f"{name}-{each.pk}-{n}") for each in cast for n in (1, 2) for name in NAMES]

        done = at_once(50, lambda number: send(acme, *(sent if number % 2 else sent[::-1])))

        assert errors(done) == []
        assert (
            sum(not result.is_repeat for each in done for result in each.results)
            == len(sent)
            == Action.objects.count()
        )
        assert [points_of(each) for each in cast] == [70, 70, 70]
        assert EarnRuleBudget.objects.get().spent == 60

    def test_the_same_event_of_different_people_counts_for_one_of_them(self, acme, all_look_first):
        cast = people(acme, 2)
        rule(acme)

        done = at_once(2, lambda number: send(acme, did(cast[number], event_id="e1")))

        assert errors(done) == []
        assert sorted(each.results[0].is_repeat for each in done) == [False, True]
        assert sorted(map(points_of, cast)) == [0, 10]

    def test_which_fails_for_the_other_if_it_does_not_look_again(self, acme, all_look_first, monkeypatch):
        """The control."""
        monkeypatch.setattr(tries, "MOST", 1)
        cast = people(acme, 2)
        rule(acme)

        done = at_once(2, lambda number: send(acme, did(cast[number], event_id="e1")))

        assert [type(error) for error in errors(done)] == [notes.TakenMeanwhile]


NAMES = ("ride", "swim")


@pytest.fixture
def all_look_first(monkeypatch):
    """Both have looked for the event before either writes it."""
    gate, before = Barrier(2), intake._before
    looked = []

    def look(event_ids, *, business):
        found = before(event_ids, business=business)
        if len(looked) < 2:
            looked.append(event_ids)
            gate.wait()
        return found

    monkeypatch.setattr(intake, "_before", look)
