"""Periods of ladders: when they begin and end, who goes down, and who looks after it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.kernel import clock
from loyalty.models import Account, Business, Climb, Event
from loyalty.selectors import ladders as places
from loyalty.services import (
    accounts,
    actions,
    businesses,
    completions,
    earn_rules,
    ladders,
    ledger,
    quest_gate,
    quests,
)
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.quest_rules import Audience, Rules, TaskRules
from loyalty.services.reports import Report
from tests.loyalty.climbers import points, put, rungs


def add_months(day, months):
    """As a calendar has it: the last day where the month is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def period_of(joined, starts, months, zone, at):
    """The plain model of `laurel_period`: count whole periods from the first one until `at` lies in one."""
    here = ZoneInfo(zone)
    first = joined.astimezone(here).date() if starts == "join" else date(2000, 1, 1)
    number = 0
    while add_months(first, (number + 1) * months) <= at.astimezone(here).date():
        number += 1
    begins, ends = (add_months(first, (number + more) * months) for more in (0, 1))
    return tuple(datetime.combine(day, time.min, here).astimezone(UTC) for day in (begins, ends))


MOMENTS = st.integers(0, 15 * 366 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu"])


class TestThePeriod:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
    @given(
        moments=st.tuples(MOMENTS, MOMENTS).map(sorted),
        starts=st.sampled_from(["join", "calendar"]),
        months=st.sampled_from([1, 2, 3, 4, 6, 12]),
        zone=ZONES,
    )
    def test_is_what_a_calendar_says(self, db, moments, starts, months, zone):
        joined, at = moments
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM laurel_period(%s, %s, %s, %s, %s)", [joined, starts, months, zone, at])
            begins, ends = cursor.fetchone()

        assert (begins, ends) == period_of(joined, starts, months, zone, at)
        assert begins <= at < ends


class Member:
    """Somebody in a sandbox whose clock the test moves; the plain model of a ladder beside them."""

    STEPS = {"bronze": 0, "silver": 100, "gold": 500}

    def __init__(self, sandbox, downgrade):
        self.business = sandbox
        self.downgrade = downgrade
        self.account = accounts.open_account(business=sandbox)
        self.earned = 0
        self.held = "bronze"
        self.ends = period_of(self.account.created_at, "join", 3, sandbox.timezone, clock.now(sandbox))[1]

    def earn(self, amount):
        ledger.award(business=self.business, account_id=self.account.pk, amount=amount)
        self.earned += amount
        if self.STEPS[self.reached] > self.STEPS[self.held]:
            self.held = self.reached

    @property
    def reached(self):
        return max((key for key, least in self.STEPS.items() if least <= self.earned), key=self.STEPS.get)

    def wait(self, days):
        if days:
            later(self.business, days=days)
        ladders.turn_due()
        while self.ends <= clock.now(self.business):
            self._end_period()

    def _end_period(self):
        if self.STEPS[self.reached] < self.STEPS[self.held]:
            order = list(self.STEPS)
            below = order[order.index(self.held) - 1]
            self.held = {"never": self.held, "oneStep": below, "toEarned": self.reached}[self.downgrade]
        self.earned = 0
        joined, zone = self.account.created_at, self.business.timezone
        self.ends = period_of(joined, "join", 3, zone, self.ends)[1]

    def stands(self):
        return places.milestones(business=self.business, account_id=self.account.pk)["club"]


class TestDowngrade:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
    @given(
        downgrade=st.sampled_from(["never", "oneStep", "toEarned"]),
        story=st.lists(st.tuples(st.integers(0, 120), st.sampled_from([0, 30, 100, 250, 500])), max_size=12),
    )
    def test_is_what_the_plain_model_says(self, acme, downgrade, story):
        sandbox = businesses.open_business(name="One", slug=f"one-{Business.objects.count()}", plan="growth").sandbox
        put(sandbox, rungs(**Member.STEPS), basis="periodEarned", period="P3M", downgrade=downgrade)
        member = Member(sandbox, downgrade)
        for days, amount in story:
            member.wait(days)
            if amount:
                member.earn(amount)
            assert member.stands() == member.held


@pytest.fixture
def sandbox(acme):
    return acme.sandbox


@pytest.fixture
def account(sandbox):
    return accounts.open_account(business=sandbox)


def later(sandbox, **span):
    businesses.move_clock(business=sandbox, to=clock.now(sandbox) + timedelta(**span))


def award(account, amount, **rest):
    return ledger.award(business=account.business, account_id=account.pk, amount=amount, **rest)


def stands(account, key="tiers"):
    return places.milestones(business=account.business, account_id=account.pk)[key]


def stands_by_its_row(account):
    return Account.objects.get(pk=account.pk).tier.key


def moves(account):
    rows = Event.objects.for_business(account.business).filter(account_id=account.pk, topic="customers/tier_changed")
    return [event.facts for event in rows.order_by("sequence")]


class TestTheTestClock:
    def test_moves_people_when_a_period_ends(self, sandbox, account):
        put(sandbox, key="tiers", is_tier=True, basis="periodEarned", period="P12M")
        award(account, 1_200)
        later(sandbox, days=364)
        assert ladders.turn_due() == 0

        later(sandbox, days=3)
        assert ladders.turn_due() == 1
        assert stands(account) == "silver"  # earned in the year that ended

        later(sandbox, days=366)
        ladders.turn_due()
        assert stands(account) == "bronze"
        move = moves(account)[-1]
        assert [move[name] for name in ("cause", "direction", "value", "threshold", "downgrade")] == [
            *("period", "down", 0, 1_000, "toEarned")
        ]
        climb = Climb.objects.for_business(sandbox).get()
        assert datetime.fromisoformat(move["periodTo"]) == climb.period_from

    def test_ends_every_period_that_it_leaps_over(self, sandbox, account):
        put(sandbox, key="tiers", is_tier=True, basis="periodEarned", period="P12M", downgrade="oneStep")
        award(account, 5_000)
        later(sandbox, days=3 * 366)
        ladders.turn_due()

        assert [move["milestone"] for move in moves(account)] == ["gold", "silver", "bronze"]

    def test_ends_a_period_before_a_later_award_counts(self, sandbox, account):
        put(sandbox, key="tiers", is_tier=True, basis="periodEarned", period="P1M")
        award(account, 1_000)
        later(sandbox, days=70)  # nobody looked
        award(account, 1_000)

        assert [move["milestone"] for move in moves(account)] == ["silver", "bronze", "silver"]

    def test_counts_what_ripens_in_the_period_in_which_it_does(self, sandbox, account):
        put(sandbox, key="tiers", is_tier=True, basis="periodEarned", period="P1M")
        award(account, 1_000, pending_until=clock.now(sandbox) + timedelta(days=2))
        later(sandbox, days=40)
        ladders.turn_due()

        assert [move["milestone"] for move in moves(account)] == ["silver"]
        later(sandbox, days=31)
        ladders.turn_due()
        assert [move["milestone"] for move in moves(account)] == ["silver", "bronze"]

    def test_is_each_business_own(self, acme, sandbox, account):
        for business in (acme, sandbox):
            put(business, key="tiers", is_tier=True, basis="periodEarned", period="P1M")
        live = accounts.open_account(business=acme)
        award(live, 1_000)
        award(account, 1_000)
        later(sandbox, days=70)
        ladders.turn_due()

        assert (stands(live), stands(account)) == ("silver", "bronze")


class TestAPeriodThatIsOver:
    """Nobody has looked yet: whatever asks for the tier ends the period first, as an award does."""

    @pytest.fixture(autouse=True)
    def _ladder(self, sandbox, account):
        steps = rungs(bronze=0, silver=1_000, gold={"threshold": 5_000, "multiplier": [2, 1]})
        put(sandbox, steps, key="tiers", is_tier=True, basis="periodEarned", period="P12M", downgrade="oneStep")
        award(account, 5_000)
        later(sandbox, days=2 * 366)

    def test_lets_nobody_do_the_tasks_of_the_tier_that_it_ended(self, sandbox, account):
        rules = Rules(tasks=[TaskRules(title="Visit", type="manual")], audience=Audience(tiers=["gold"]))
        quest = quests.create(business=sandbox, title="Lounge", rules=rules)
        (task,) = quest.current.tasks.all()

        with pytest.raises(quest_gate.NotEligible):
            completions.complete(business=sandbox, quest_id=quest.pk, task_id=task.pk, account_id=account.pk)

    def test_multiplies_no_event_and_opens_no_rule(self, sandbox, account):
        ride = {"trigger": "ride", "earn": Earn(points=10)}
        earn_rules.create(business=sandbox, title="Ride", terms=Terms(**ride, tier_multiplier=True))
        lounge = Terms(**ride, audience=Audience(tiers=["gold"]))
        earn_rules.create(business=sandbox, title="Lounge", terms=lounge)
        report = Report(account_id=account.pk, name="ride", data={}, origin="server")

        assert actions.dry_run(report, business=sandbox).points == 10
        assert stands_by_its_row(account) == "gold"  # it was only tried
        taken = actions.take(report, business=sandbox)

        assert {payout.rule.key: payout.reason for payout in taken.paid} == {"ride": None, "lounge": "other_tier"}
        assert taken.points == 10
        assert [move["milestone"] for move in moves(account)] == ["gold", "silver"]

    def test_brings_what_ripened_in_it_before_the_event(self, sandbox, account):
        steps = rungs(bronze=0, silver=points(1_000, 50), gold=points(5_000, 300))
        put(sandbox, steps, key="tiers", is_tier=True, basis="periodEarned", period="P12M", downgrade="oneStep")
        newcomer = accounts.open_account(business=sandbox)
        award(newcomer, 1_000, pending_until=clock.now(sandbox) + timedelta(days=2))
        later(sandbox, days=366)
        terms = Terms(trigger="ride", earn=Earn(points=10), audience=Audience(tiers=["silver"]))
        earn_rules.create(business=sandbox, title="Ride", terms=terms)
        actions.take(Report(account_id=newcomer.pk, name="ride", data={}, origin="server"), business=sandbox)

        rows = Event.objects.for_business(sandbox).filter(account_id=newcomer.pk, topic__startswith="points/")
        told = rows.order_by("sequence").values_list("topic", "facts__amount")
        assert list(told) == [("points/pending", 1_000), *(("points/earned", amount) for amount in (1_000, 50, 10))]


class TestTheJob:
    @pytest.fixture(autouse=True)
    def _ladder(self, sandbox):
        put(sandbox, key="tiers", is_tier=True, basis="periodEarned", period="P1M")

    def test_is_safe_to_run_twice(self, sandbox, account):
        award(account, 1_000)
        later(sandbox, days=70)

        assert [ladders.turn_due() for _ in range(2)] == [1, 0]
        assert len(moves(account)) == 2

    def test_goes_on_behind_a_batch_and_behind_a_failure(self, sandbox, monkeypatch):
        monkeypatch.setattr(ladders, "BATCH", 2)
        crowd = [accounts.open_account(business=sandbox) for _ in range(5)]
        for one in crowd:
            award(one, 1_000)
        later(sandbox, days=70)
        really = ladders._turn

        def turn(business_id, account_id):
            if account_id == crowd[1].pk:
                raise ledger.AccountNotActive
            really(business_id, account_id)

        monkeypatch.setattr(ladders, "_turn", turn)
        assert ladders.turn_due() == 4
        assert [stands(one) for one in crowd].count("bronze") == 4

    def test_leaves_erased_and_merged_people_alone(self, sandbox, account):
        award(account, 1_000)
        Account.objects.filter(pk=account.pk).update(status=Account.Status.ERASED)
        later(sandbox, days=70)

        assert ladders.turn_due() == 0

    def test_leaves_a_tier_by_hand(self, sandbox, account):
        award(account, 1)
        accounts.set_tier(business=sandbox, account_id=account.pk, tier_key="gold")
        later(sandbox, days=70)
        ladders.turn_due()

        assert stands(account) == "gold"


class TestAChangedLadder:
    def test_drops_nobody_whom_a_period_holds(self, sandbox, account):
        put(sandbox, key="tiers", is_tier=True, basis="periodEarned", period="P1M")
        award(account, 1_000)
        later(sandbox, days=31)
        ladders.turn_due()
        put(sandbox, rungs(bronze=0, silver=2_000, gold=9_000), key="tiers", is_tier=True, **PERIOD)

        assert stands(account) == "silver"

    def test_puts_whom_a_removed_step_held_on_the_one_below(self, sandbox, account):
        put(sandbox, key="tiers", is_tier=True, **PERIOD)
        award(account, 5_000)
        later(sandbox, days=31)
        ladders.turn_due()
        put(sandbox, rungs(bronze=0, silver=1_000), key="tiers", is_tier=True, **PERIOD)

        assert stands(account) == "silver"

    def test_counts_from_when_it_has_its_periods(self, sandbox, account):
        award(account, 4_000)
        put(sandbox, **PERIOD)
        assert stands(account, "club") == "bronze"

        award(account, 1_000)
        assert stands(account, "club") == "silver"

    def test_begins_anew_with_other_periods(self, sandbox, account):
        put(sandbox, **PERIOD)
        award(account, 600)
        put(sandbox, basis="periodEarned", period="P12M calendar")
        award(account, 600)

        assert stands(account, "club") == "bronze"
        climb = Climb.objects.for_business(sandbox).get()
        assert (climb.period_from.month, climb.period_to.month) == (1, 1)

    def test_gives_what_it_gives_once(self, sandbox, account):
        steps = rungs(bronze=0, silver=points(1_000, 100))
        put(sandbox, steps, key="tiers", is_tier=True, **PERIOD)
        award(account, 1_000)
        put(sandbox, steps, key="tiers", is_tier=True, basis="periodEarned", period="P2M")
        award(account, 1_000)

        assert [move["milestone"] for move in moves(account)] == ["silver"]


PERIOD = {"basis": "periodEarned", "period": "P1M"}
