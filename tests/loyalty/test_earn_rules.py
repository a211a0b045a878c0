"""Rules pay people for what they do: once each, within every bound, and saying why where they do not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import (
    Account,
    Action,
    EarnRule,
    EarnRuleBudget,
    EarnRuleUse,
    EarnRuleVersion,
    Metric,
    Milestone,
    Segment,
)
from loyalty.models.ledger import LedgerEntry, Lot
from loyalty.selectors import ledger as books
from loyalty.services import accounts, actions, earn_rules, ledger, naming, people, quests, segments
from loyalty.services.earn_terms import Earn, Limit, Span, Terms
from loyalty.services.quest_rules import Audience, Condition, Rules, TaskRules, in_points
from loyalty.services.reports import Report
from tests.races import at_once, errors


@pytest.fixture
def ada(acme):
    return accounts.open_account(business=acme)


def rule(business, title="Ride", *, points=10, trigger="ride", **terms):
    return earn_rules.create(
        business=business, title=title, terms=Terms(trigger=trigger, earn=Earn(points=points), **terms)
    )


def did(account, name="ride", **data):
    return Report(account_id=account.pk, name=name, data=data, origin="server")


def ride(account, name="ride", **data):
    return actions.take(did(account, name, **data), business=account.business)


def reasons(taken):
    return {payout.rule.key: payout.reason for payout in taken.paid}


def points_of(account):
    return books.wallets(business=account.business, account_ids=[account.pk])[account.pk].amount


def maximum(business, amount):
    Metric.objects.for_business(business).filter(key="points").update(maximum=amount)


class TestRefusesTerms:
    def test_with_a_tier_or_segment_that_the_programme_does_not_have(self, acme):
        tiers = (Audience(tiers=["iron"]), Audience(exclude_tiers=["iron"]))
        for audience in (*tiers, Audience(segments=["beta"]), Audience(exclude_segments=["beta"])):
            with pytest.raises(NotFound):
                rule(acme, audience=audience)

    def test_with_a_period_and_no_number(self, acme):
        with pytest.raises(Invalid) as refused:
            rule(acme, limit=Limit(period="daily"))

        assert refused.value.field == "limit.times"

    def test_whose_window_ends_before_it_begins(self, acme):
        now = clock.wall()
        with pytest.raises(Invalid):
            rule(acme, window=Span(from_=now, to=now))

    @pytest.mark.parametrize("trigger", ["testimonial_approved", "testimonial_submitted", "survey_answered"])
    @pytest.mark.parametrize("field", ["rating", "score", "Stars"])
    def test_that_pay_for_praise(self, acme, trigger, field):
        with pytest.raises(Invalid) as refused:
            rule(acme, trigger=trigger, conditions=[Condition(field=field, operator=">", value=3)])

        assert refused.value.field == "conditions.0.field"

    def test_under_a_key_that_is_taken(self, acme):
        rule(acme)
        with pytest.raises(naming.KeyTaken):
            earn_rules.create(business=acme, title="x", key="ride", terms=Terms(trigger="ride", earn=Earn(points=1)))

    def test_of_another_business(self, acme, rival):
        made = rule(acme)
        with pytest.raises(NotFound):
            earn_rules.update(business=rival, rule_id=made.pk, status="paused")


class TestVersions:
    def test_are_never_rewritten(self, acme):
        made = rule(acme)
        with pytest.raises(DatabaseError), transaction.atomic():
            EarnRuleVersion.objects.for_business(acme).filter(rule=made).update(number=7)

    def test_are_made_by_other_terms_only(self, acme):
        made = rule(acme)
        same = earn_rules.terms_of(made.current)

        earn_rules.update(business=acme, rule_id=made.pk, title="New name", terms=same)
        changed = earn_rules.update(business=acme, rule_id=made.pk, terms=Terms(trigger="ride", earn=Earn(points=11)))

        assert [v.number for v in EarnRuleVersion.objects.filter(rule=made).order_by("number")] == [1, 2]
        assert changed.current.number == 2


class TestPaying:
    def test_posts_once_and_names_rule_version_and_inputs(self, acme, ada):
        made = rule(acme)

        taken = ride(ada)

        entry = LedgerEntry.objects.get(account=ada)
        assert (taken.outcome, taken.points, points_of(ada)) == ("matched", 10, 10)
        assert (entry.rule_id, entry.rule_version, entry.source_type) == (made.pk, 1, "earn_rule")
        assert entry.reason == {
            "actionId": str(taken.action_id),
            "rule": "ride",
            "multiplier": "1",
            "tierMultiplier": "1",
            "membershipMultiplier": "1",
            "exact": "10",
            "caps": [],
        }

    def test_pays_the_same_event_once(self, acme, ada):
        rule(acme)
        report = Report(account_id=ada.pk, name="ride", data={}, origin="server", event_id="e1")

        again = [actions.take(report, business=acme) for _ in range(2)][1]

        assert (again.is_repeat, points_of(ada)) == (True, 10)

    def test_comes_with_quests_and_after_them(self, acme, ada):
        step = TaskRules(title="Ride", type="event", trigger="ride")
        quests.create(business=acme, title="Q", rules=Rules(tasks=[step], benefits=[in_points(50)]))
        rule(acme)
        maximum(acme, 55)

        taken = ride(ada)

        assert (taken.points, taken.paid[0].caps) == (55, ("maximum",))

    def test_hears_of_a_change_at_once(self, acme, ada):
        assert ride(ada).outcome == "unmatched"
        made = rule(acme)
        assert ride(ada).points == 10
        earn_rules.update(business=acme, rule_id=made.pk, terms=Terms(trigger="ride", earn=Earn(points=7)))
        assert ride(ada).points == 7

        earn_rules.update(business=acme, rule_id=made.pk, status="paused")

        assert ride(ada).outcome == "unmatched"

    def test_forgets_a_change_that_was_rolled_back(self, acme, ada):
        made = rule(acme, budget=10)
        with transaction.atomic():
            assert [ride(ada).points, ride(ada).outcome] == [10, "unmatched"]  # spent, paused, and compiled so
            transaction.set_rollback(True)  # as a crash would

        made.refresh_from_db()
        assert (made.status, ride(ada).points) == ("active", 10)

    def test_costs_the_same_whatever_does_not_match(self, acme, ada, django_assert_num_queries):
        never = [Condition(field="km", operator=">", value=999)]
        rule(acme, "First", conditions=never)
        ride(ada)
        with django_assert_num_queries(4):  # begin, account, action, commit
            ride(ada, km=1)
        for number in range(20):
            rule(acme, f"Near {number}", conditions=never, limit=Limit(times=1), budget=5)
            rule(acme, f"Far {number}", trigger="swim")
        ride(ada)

        with django_assert_num_queries(4):
            ride(ada, km=1)

    @pytest.mark.usefixtures("at_one_moment")
    def test_ripens_and_expires_as_it_says(self, acme, ada):
        rule(acme, pending_days=3, expires_after_days=10)
        now = clock.wall()

        ride(ada)

        lot = Lot.objects.get(account=ada)
        assert timedelta(days=2, hours=23) < lot.ripens_at - now <= timedelta(days=3, minutes=1)
        assert (lot.expires_at.date(), lot.expires_at.hour) == ((now + timedelta(days=14)).date(), 0)


class TestReasons:
    def test_say_which_bound_it_was(self, acme, ada):
        Segment.objects.create(business=acme, key="beta", title="Beta")
        tomorrow = clock.wall() + timedelta(days=1)
        rule(acme, "Gold", audience=Audience(tiers=["gold"]))
        rule(acme, "Beta", audience=Audience(segments=["beta"]))
        rule(acme, "Later", window=Span(from_=tomorrow))
        rule(acme, "Far", conditions=[Condition(field="km", operator=">", value=9)])
        rule(acme, "Little", points=1, multiplier=[1, 2])

        assert reasons(ride(ada, km=1)) == {
            "gold": "other_tier",
            "beta": "other_segment",
            "later": "outside_window",
            "far": "condition:km",
            "little": "too_little",
        }
        segments.put(business=acme, account_id=ada.pk, keys=["beta"])
        assert reasons(ride(ada, km=1))["beta"] is None

    def test_stay_with_the_event(self, acme, ada):
        far = rule(acme, "Far", conditions=[Condition(field="km", operator=">=", value=50)])
        once = rule(acme, "Once", limit=Limit(times=1))
        ride(ada, km=60)
        ride(ada, km=10)

        kept = Action.objects.order_by("occurred_at").values_list("unpaid", flat=True)
        assert list(kept) == [None, {far.key: "condition:km", once.key: "limit_reached"}]

    def test_stay_with_an_event_that_completes_a_quest_too(self, acme, ada):
        quests.create(
            business=acme, title="Rider", rules=Rules(tasks=[TaskRules(title="Ride", type="event", trigger="ride")])
        )
        far = rule(acme, "Far", conditions=[Condition(field="km", operator=">=", value=50)])

        ride(ada, km=10)

        assert Action.objects.get().unpaid == {far.key: "condition:km"}

    def test_stay_with_every_event_that_an_app_made_up(self, acme, ada):
        deaf = rule(acme, "Deaf")

        for _ in range(2):  # by then this process knows the programme
            actions.take(replace(did(ada), origin="client"), business=acme)

        assert list(Action.objects.values_list("unpaid", flat=True)) == [{deaf.key: "undeclared"}] * 2

    def test_are_none_of_what_no_rule_listens_to(self, acme, ada):
        ride(ada)

        assert Action.objects.get().unpaid is None

    def test_are_told_dry_and_nothing_is_written(self, acme, ada):
        rule(acme, budget=10, limit=Limit(times=1))

        tried = actions.dry_run(did(ada), business=acme)

        assert (tried.points, reasons(tried)) == (10, {"ride": None})
        assert (points_of(ada), EarnRuleUse.objects.count(), EarnRuleBudget.objects.get().spent) == (0, 0, 0)
        assert EarnRule.objects.get().status == "active"


class TestLimits:
    @pytest.mark.usefixtures("at_one_moment")
    def test_count_per_period(self, acme, ada):
        rule(acme, limit=Limit(times=2, period="daily"))

        assert [reasons(ride(ada))["ride"] for _ in range(3)] == [None, None, "limit_reached"]
        with clock.moved_to(clock.wall() + timedelta(days=1)):
            assert ride(ada).points == 10

    def test_are_each_persons_own(self, acme, ada):
        rule(acme, limit=Limit(times=1))
        bob = accounts.open_account(business=acme)

        assert [ride(each).points for each in (ada, ada, bob)] == [10, 0, 10]


class TestBudgets:
    def test_are_paid_to_the_last_point_and_then_pause_the_rule(self, acme, ada):
        made = rule(acme, budget=25)

        taken = [ride(ada) for _ in range(4)]

        assert [one.points for one in taken] == [10, 10, 5, 0]
        assert (taken[2].paid[0].caps, taken[3].outcome) == (("budget",), "unmatched")
        made.refresh_from_db()
        assert made.status == "paused"

    def test_pause_again_what_was_started_without_more(self, acme, ada):
        made = rule(acme, budget=10)
        ride(ada)

        earn_rules.update(business=acme, rule_id=made.pk, status="active")

        assert reasons(ride(ada)) == {"ride": "budget_spent"}
        made.refresh_from_db()
        assert made.status == "paused"


class TestStacking:
    def test_adds_rules_without_a_group(self, acme, ada):
        rule(acme, "One")
        rule(acme, "Two", points=5)

        assert ride(ada).points == 15

    def test_pays_the_most_important_of_a_group_that_can(self, acme, ada):
        rule(acme, "Low", points=1, stacking="week")
        rule(acme, "High", points=20, stacking="week", priority=5, limit=Limit(times=1))
        rule(acme, "Other", points=100)

        first, second = ride(ada), ride(ada)

        assert (first.points, reasons(first)["low"]) == (120, "outranked:high")
        assert (second.points, reasons(second)["high"]) == (101, "limit_reached")


class TestMultipliers:
    def test_cut_off_once_at_the_very_end(self, acme, ada):
        Milestone.objects.for_business(acme).filter(key="bronze").update(multiplier_top=5, multiplier_bottom=3)
        rule(acme, points=7, multiplier=[1, 2], tier_multiplier=True)  # 35/6; cut off twice it would be 5 as well
        rule(acme, "Flat", points=7, multiplier=[1, 2])
        rule(acme, "Three", points=3, multiplier=[1, 2], tier_multiplier=True)  # 15/6; cut off twice it would be 1

        paid = {payout.rule.key: (payout.points, str(payout.exact)) for payout in ride(ada).paid}

        assert paid == {"ride": (5, "35/6"), "flat": (3, "7/2"), "three": (2, "5/2")}


class TestTheMaximum:
    def test_is_reached_and_never_passed(self, acme, ada):
        rule(acme, "A")
        rule(acme, "B")
        maximum(acme, 15)

        first, second = ride(ada), ride(ada)

        assert ([payout.points for payout in first.paid], first.paid[1].caps) == ([10, 5], ("maximum",))
        assert set(reasons(second).values()) == {"at_maximum"}
        assert LedgerEntry.objects.filter(amount=5).get().reason["caps"] == ["maximum"]


class TestNewsOfTheHouse:
    def test_pays_for_joining_once(self, acme):
        rule(acme, "Welcome", trigger="signup")

        joined = advocates.create(business=acme, email="new@example.com")
        newcomer = Account.objects.get(pk=joined.pk)
        again = ride(newcomer, "signup")

        assert (points_of(newcomer), reasons(again)) == (10, {"welcome": "limit_reached"})

    @pytest.mark.parametrize(
        ("status", "is_author", "pays"), [("planned", True, 0), ("shipped", False, 0), ("shipped", True, 10)]
    )
    def test_pays_the_author_of_an_idea_that_was_shipped(self, acme, ada, status, is_author, pays):
        rule(acme, trigger="idea_shipped")
        facts = {"status": status, "isAuthor": is_author}
        news = actions.events.Happening(acme.pk, "ideas/status_changed", ada.pk, facts)

        actions.events.record([news], now=clock.now(acme))

        assert points_of(ada) == pays

    def test_pays_nobody_who_is_blocked(self, acme, ada):
        rule(acme, trigger="testimonial_approved")
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)
        news = actions.events.Happening(acme.pk, "testimonials/approved", ada.pk, {})

        actions.events.record([news], now=clock.now(acme))

        assert not LedgerEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_a_limit_holds_for_one_person(self, acme, ada):
        rule(acme, limit=Limit(times=3))

        taken = at_once(50, lambda _: ride(ada))

        assert not errors(taken)
        assert (points_of(ada), EarnRuleUse.objects.get().times) == (30, 3)

    def test_a_budget_holds_for_everybody(self, acme):
        rule(acme, budget=45)
        people = [accounts.open_account(business=acme) for _ in range(50)]

        taken = at_once(50, lambda number: ride(people[number]))

        assert not errors(taken)
        assert sum(points_of(each) for each in people) == 45 == EarnRuleBudget.objects.get().spent
        assert EarnRule.objects.get().status == "paused"

    def test_without_the_lock_a_limit_breaks(self, acme, ada, monkeypatch):
        """The control: the same race with the account read, and not locked."""
        rule(acme, limit=Limit(times=3, period="daily"))
        monkeypatch.setattr(people, "LOCK", people.LOCK.replace("FOR NO KEY UPDATE OF a", ""))

        for _ in range(20):
            at_once(8, lambda _: ride(ada))
            if points_of(ada) > 30:
                return
            EarnRuleUse.objects.all().delete()
            ledger.spend(business=acme, account_id=ada.pk, amount=points_of(ada))
        pytest.fail("the limit held without the lock: the race does not race")

    def test_nothing_is_noted_that_was_not_paid(self, acme, ada):
        rule(acme)

        at_once(10, lambda _: ride(ada))

        assert LedgerEntry.objects.count() == Action.objects.count() == 10
