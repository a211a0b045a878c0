"""People climb by what their ladders count, in the transaction that counted it; what follows shares it."""

from datetime import timedelta

import pytest
from django.db import connection

from loyalty.kernel import clock
from loyalty.models import Action, Arrival, Business, Event, Metric, Milestone, WithheldBenefit
from loyalty.selectors import ladders as places
from loyalty.selectors import ledger as books
from loyalty.services import accounts, batches, earn_rules, ladders, ledger, quests
from loyalty.services.earn_terms import Terms
from loyalty.services.quest_rules import Rules, TaskRules
from tests.loyalty.climbers import points, put, rungs

TIER_CHANGED = "customers/tier_changed"
REWARD_EARNED = "customers/tier_entry_reward_earned"


@pytest.fixture
def account(acme):
    return accounts.open_account(business=acme, external_id="ada-1")


def award(account, amount, **rest):
    return ledger.award(business=account.business, account_id=account.pk, amount=amount, **rest)


def stands(account, key="tiers"):
    return places.milestones(business=account.business, account_id=account.pk)[key]


def have(account, metric="points"):
    return books.wallets(business=account.business, account_ids=[account.pk], metric=metric)[account.pk].amount


def told(account, topic=TIER_CHANGED):
    rows = Event.objects.for_business(account.business).filter(account_id=account.pk, topic=topic)
    return [event.facts for event in rows.order_by("sequence")]


class TestWhatCounts:
    def test_is_what_somebody_has_and_falls_with_it(self, acme, account):
        put(acme, basis="balance")
        award(account, 1_200)
        assert stands(account, "club") == "silver"

        ledger.spend(business=acme, account_id=account.pk, amount=300)
        assert stands(account, "club") == "bronze"

    def test_is_what_somebody_ever_earned(self, acme, account):
        put(acme, basis="lifetimeEarned")
        award(account, 1_200)
        ledger.spend(business=acme, account_id=account.pk, amount=300)

        assert stands(account, "club") == "silver"

    def test_is_what_somebody_ever_spent(self, acme, account):
        put(acme, basis="spent")
        award(account, 2_000)
        assert stands(account, "club") == "bronze"

        spent = ledger.spend(business=acme, account_id=account.pk, amount=1_000)
        assert stands(account, "club") == "silver"

        ledger.reverse(business=acme, entry_id=spent.id)
        assert stands(account, "club") == "bronze"

    def test_is_how_many_orders_there_were(self, acme, account):
        put(acme, rungs(bronze=0, silver=2), basis="orders")
        ladders.count_orders(business=acme, account_id=account.pk)
        assert stands(account, "club") == "bronze"

        ladders.count_orders(business=acme, account_id=account.pk, orders=2)
        assert stands(account, "club") == "silver"

        ladders.count_orders(business=acme, account_id=account.pk, orders=-2)
        assert stands(account, "club") == "bronze"

    def test_counts_no_orders_of_strangers(self, acme, rival):
        stranger = accounts.open_account(business=rival)

        with pytest.raises(ladders.NotFound):
            ladders.count_orders(business=acme, account_id=stranger.pk)

    def test_is_how_many_tasks_are_done(self, acme, account):
        put(acme, rungs(bronze=0, silver=2), basis="tasks")
        steps = [TaskRules(title=title, type="event", trigger="ride") for title in ("One", "Two")]
        quests.create(business=acme, title="Rides", rules=Rules(tasks=steps))
        do(account, "ride")

        assert stands(account, "club") == "silver"
        (move,) = told(account, "customers/milestone_changed")
        assert (move["basis"], move["value"], move["threshold"]) == ("tasks", 2, 2)

    def test_may_be_another_metric(self, acme, account):
        Metric.objects.create(business=acme, key="stars", title="Stars")
        put(acme, metric="stars")
        award(account, 5_000)
        assert stands(account, "club") == "bronze"

        award(account, 1_000, metric="stars")
        assert stands(account, "club") == "silver"


class TestTheMove:
    def test_says_why(self, acme, account):
        award(account, 1_200)

        (move,) = told(account)
        keys = {row.key: str(row.pk) for row in Milestone.objects.for_business(acme)}
        assert move == {
            "oldTierId": keys["bronze"],
            "newTierId": keys["silver"],
            "set": "tiers",
            "before": "bronze",
            "milestone": "silver",
            "direction": "up",
            "cause": "earned",
            "basis": "lifetimeEarned",
            "value": 1_200,
            "threshold": 1_000,
            "downgrade": "toEarned",
        }

    def test_down_says_what_it_would_have_taken(self, acme, account):
        posting = award(account, 1_200)
        ledger.reverse(business=acme, entry_id=posting.id)

        move = told(account)[-1]
        assert (move["direction"], move["milestone"], move["value"], move["threshold"]) == ("down", "bronze", 0, 1_000)

    def test_does_not_come_where_nobody_goes_down(self, acme, account):
        put(acme, basis="lifetimeEarned", downgrade="never")
        ledger.reverse(business=acme, entry_id=award(account, 1_200).id)

        assert stands(account, "club") == "silver"

    def test_is_told_of_every_ladder_and_of_tiers_as_such(self, acme, account):
        put(acme)
        award(account, 1_200)

        assert [move["milestone"] for move in told(account, "customers/milestone_changed")] == ["silver"]
        assert [move["milestone"] for move in told(account)] == ["silver"]

    def test_of_a_batch_is_heard_too(self, acme, account):
        put(acme, rungs(bronze=0, silver=points(1_000, 50)), key="tiers", is_tier=True)
        moves = [batches.Move(account_id=account.pk, amount=amount) for amount in (600, 600)]
        batches.move_points(business=acme, moves=moves)

        assert have(account) == 1_250

    def test_by_points_that_ripen_before_a_refused_spend_is_heard(self, acme, account):
        put(acme, rungs(bronze=0, silver=points(1_000, 50)), key="tiers", is_tier=True)
        soon = account.created_at + timedelta(days=365)
        award(account, 1_000, pending_until=soon)
        Business.objects.filter(pk=acme.pk).update(clock_offset=soon - account.created_at, live=acme.sandbox)

        with pytest.raises(ledger.InsufficientPoints):
            ledger.spend(business=acme, account_id=account.pk, amount=2_000)

        assert have(account) == 1_050


class TestOneStatement:
    def test_is_an_award_that_moves_nobody_on_many_ladders(self, acme, account, django_assert_num_queries):
        for number, basis in enumerate(["balance", "lifetimeEarned", "spent", "orders", "tasks"]):
            put(acme, rungs(bronze=0, silver=points(1_000, 50)), key=f"club{number}", basis=basis, keep=True)

        with django_assert_num_queries(1):
            award(account, 5)

    def test_is_a_spend_that_moves_nobody(self, acme, account, django_assert_num_queries):
        put(acme, basis="balance")
        award(account, 500)

        with django_assert_num_queries(1):
            ledger.spend(business=acme, account_id=account.pk, amount=5)


class TestWhatAStepGives:
    @pytest.fixture(autouse=True)
    def _ladder(self, acme):
        put(acme, rungs(bronze=0, silver=points(1_000, 100), gold=points(5_000, 300)), key="tiers", is_tier=True)

    def test_comes_with_the_award_that_reached_it(self, acme, account):
        award(account, 1_000)

        assert have(account) == 1_100
        silver = Milestone.objects.for_business(acme).get(key="silver")
        arrival = Arrival.objects.for_business(acme).get()
        assert told(account, REWARD_EARNED) == [
            {"arrivalId": str(arrival.pk), "tierId": str(silver.pk), "points": 100}
        ]

    def test_comes_of_every_step_on_the_way(self, acme, account):
        award(account, 5_000)

        assert have(account) == 5_400

    def test_comes_once_however_often_somebody_falls_and_rises(self, acme, account):
        first = award(account, 1_000)
        ledger.reverse(business=acme, entry_id=first.id)
        assert stands(account) == "bronze"
        award(account, 1_000)

        assert stands(account) == "silver"
        assert have(account) == 1_100

    def test_may_reach_the_next_step(self, acme, account):
        put(
            acme,
            rungs(bronze=0, silver=points(1_000, 4_000), gold=points(5_000, 5_000), platinum=points(10_000, 7)),
            key="tiers",
            is_tier=True,
        )
        award(account, 1_000)

        assert stands(account) == "platinum"
        assert have(account) == 10_007

    def test_climbs_a_ladder_longer_than_any_stack(self, acme, account):
        steps = {f"step{number}": points(number, 1) for number in range(1, 300)}
        put(acme, rungs(bronze=0, **steps), key="tiers", is_tier=True)
        award(account, 1)

        assert (stands(account), have(account)) == ("step299", 300)

    def test_is_written_down_as_refused_where_it_cannot_be_given(self, acme, account):
        Metric.objects.create(business=acme, key="stars", title="Stars")
        star = {"kind": "metric", "metric": "stars", "quantity": 1}
        put(acme, rungs(bronze=0, silver={"threshold": 1_000, "benefits": [star]}), key="tiers", is_tier=True)
        Metric.objects.for_business(acme).filter(key="stars").update(archived_at=clock.wall())
        award(account, 1_000)

        assert stands(account) == "silver"
        assert Arrival.objects.for_business(acme).get().refusal == "NOT_FOUND"
        assert told(account, REWARD_EARNED) == []

    def test_is_what_the_maximum_leaves_room_for(self, acme, account):
        Metric.objects.for_business(acme).filter(key="points").update(maximum=1_050)
        award(account, 1_000)

        assert (stands(account), have(account)) == ("silver", 1_050)
        assert told(account, REWARD_EARNED)[0]["points"] == 50

    def test_is_withheld_where_there_is_no_room(self, acme, account):
        Metric.objects.for_business(acme).filter(key="points").update(maximum=1_000)
        award(account, 1_000)

        assert (stands(account), have(account)) == ("silver", 1_000)
        assert WithheldBenefit.objects.for_business(acme).get().reason == "at_maximum"
        assert told(account, REWARD_EARNED) == []

    def test_is_not_for_whom_an_operator_lifts(self, acme, account):
        accounts.set_tier(business=acme, account_id=account.pk, tier_key="gold")

        assert (stands(account), have(account)) == ("gold", 0)

    def test_is_not_for_whom_a_changed_ladder_lifts(self, acme, account):
        award(account, 500)
        put(acme, rungs(bronze=0, silver=points(400, 100)), key="tiers", is_tier=True)

        assert (stands(account), have(account)) == ("silver", 500)
        assert told(account)[-1]["cause"] == "ladder"

    def test_is_told_of_other_ladders_only_by_what_it_gave(self, acme, account):
        put(acme, rungs(bronze=0, silver=points(10, 5)), key="riders", keep=True)
        award(account, 10)

        assert have(account) == 15
        assert told(account, REWARD_EARNED) == []


class TestTierReached:
    """A trigger like any other, whoever moved the points."""

    @pytest.fixture(autouse=True)
    def _rule(self, acme):
        only_gold = [{"field": "milestone", "operator": "equals", "value": "gold"}]
        for key, earned, conditions in (("every", 10, []), ("gold", 1_000, only_gold)):
            terms = {"trigger": "tier_reached", "earn": {"points": earned}, "conditions": conditions}
            earn_rules.create(business=acme, title=key, key=key, terms=terms_of(terms))

    def test_pays_for_points_that_reach_a_tier(self, acme, account):
        award(account, 1_000)

        assert have(account) == 1_010
        assert Action.objects.for_business(acme).get(name="tier_reached").data["milestone"] == "silver"

    def test_pays_once_for_a_jump(self, account):
        award(account, 5_000)

        assert have(account) == 6_010

    def test_pays_for_what_it_paid_itself(self, acme, account):
        put(acme, rungs(bronze=0, silver=100, gold=105, platinum=1_100), key="tiers", is_tier=True)
        award(account, 100)

        assert (stands(account), have(account)) == ("platinum", 100 + 10 + 1_010 + 10)

    def test_pays_nothing_for_going_down(self, acme, account):
        first = award(account, 1_000)
        ledger.reverse(business=acme, entry_id=first.id)

        assert (stands(account), have(account)) == ("bronze", 10)

    def test_pays_for_a_tier_by_hand_as_before(self, acme, account):
        accounts.set_tier(business=acme, account_id=account.pk, tier_key="silver")

        assert have(account) == 10


class TestByHand:
    def test_stays_whatever_is_earned_until_it_is_cleared(self, acme, account):
        accounts.set_tier(business=acme, account_id=account.pk, tier_key="silver")
        award(account, 5_000)
        assert stands(account) == "silver"

        accounts.set_tier(business=acme, account_id=account.pk, tier_key=None)
        assert stands(account) == "gold"
        assert [move["cause"] for move in told(account)] == ["manual", "earned"]

    def test_stays_when_another_ladder_is_changed(self, acme, account):
        accounts.set_tier(business=acme, account_id=account.pk, tier_key="gold")
        put(acme, keep=True)

        assert stands(account) == "gold"


class TestWithoutATransaction:
    """The request that awards has none of its own: the statement stands alone, and what follows needs one."""

    @pytest.fixture
    def alone(self, transactional_db, acme):
        put(acme, rungs(bronze=0, silver=points(1_000, 100)), key="tiers", is_tier=True)
        assert not connection.in_atomic_block
        return accounts.open_account(business=acme)

    def test_all_of_it_happens(self, alone):
        posting = award(alone, 1_000)

        assert (posting.balance_after, have(alone), stands(alone)) == (1_000, 1_100, "silver")

    def test_or_nothing(self, alone, monkeypatch):
        monkeypatch.setattr("loyalty.services.arrivals.benefits.give", crash)

        with pytest.raises(ZeroDivisionError):
            award(alone, 1_000)

        assert (have(alone), stands(alone), told(alone)) == (0, "bronze", [])


def crash(*args, **kwargs):
    raise ZeroDivisionError


def do(account, name):
    from loyalty.services import actions

    report = actions.Report(account_id=account.pk, name=name, data={}, origin="server")
    actions.take(report, business=account.business)


def terms_of(plain):
    import msgspec

    return msgspec.convert(plain, Terms)


class TestALadderThatBecomesTheTiersOrCeasesToBe:
    def test_holds_whom_it_held_before(self, acme, account):
        said = {"basis": "balance", "downgrade": "never"}
        put(acme, is_tier=True, **said)
        award(account, 1_000)
        ledger.spend(business=acme, account_id=account.pk, amount=900)

        for is_tier in (False, True, False):
            put(acme, is_tier=is_tier, **said)
            assert stands(account, "club") == "silver"

    def test_lifts_nobody_to_where_they_stood_long_ago(self, acme, account):
        put(acme, basis="balance", downgrade="never")
        award(account, 1_000)
        ledger.spend(business=acme, account_id=account.pk, amount=900)

        for downgrade, step in (("never", "silver"), ("toEarned", "bronze"), ("never", "bronze")):
            put(acme, is_tier=True, basis="balance", downgrade=downgrade)
            assert stands(account, "club") == step
