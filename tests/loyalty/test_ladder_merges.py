"""Two accounts of one person on the ladders: what counts is added up, and taken apart again."""

from datetime import timedelta

import pytest

from loyalty.kernel import clock
from loyalty.models import Account, Climb
from loyalty.selectors import ladders as places
from loyalty.selectors import ledger as books
from loyalty.services import accounts, businesses, erasure, ladders, ledger, merges, personal_data, quests
from loyalty.services.completions import complete
from loyalty.services.quest_rules import Rules, TaskRules
from tests.loyalty.climbers import points, put, rungs

YEAR = {"basis": "periodEarned", "period": "P12M calendar"}


@pytest.fixture
def home(acme):
    return acme.sandbox


@pytest.fixture
def source(home):
    return accounts.open_account(business=home, external_id="old")


@pytest.fixture
def target(home):
    return accounts.open_account(business=home, external_id="new")


def award(account, amount):
    return ledger.award(business=account.business, account_id=account.pk, amount=amount)


def place(account, key="club"):
    all_places = places.places(business=account.business, account_id=account.pk)
    return next((each.milestone, each.value) for each in all_places if each.set == key)


def merge(source, target):
    return merges.merge(business=source.business, source_id=source.pk, target_id=target.pk)


def undo(done):
    merges.undo(business=done.business, merge_id=done.pk)


def next_year(home):
    now = clock.now(home)
    businesses.move_clock(business=home, to=now.replace(year=now.year + 1, month=1, day=20))
    ladders.turn_due()


class TestMerge:
    def test_adds_up_what_was_earned_in_the_period(self, home, source, target):
        put(home, **YEAR)
        award(source, 600)
        award(target, 600)
        done = merge(source, target)
        assert place(target) == ("silver", 1_200)

        undo(done)
        assert (place(source), place(target)) == (("bronze", 600), ("silver", 600))  # until the period ends

    def test_brings_nothing_of_periods_that_are_over(self, home, source, target):
        put(home, **YEAR)
        award(source, 5_000)
        award(target, 10)
        next_year(home)
        award(source, 100)
        done = merge(source, target)
        assert place(target) == ("bronze", 100)

        undo(done)
        assert (place(source), place(target)) == (("gold", 100), ("bronze", 0))

    def test_is_undone_rightly_in_a_later_period(self, home, source, target):
        put(home, **YEAR)
        award(source, 300)
        award(target, 300)
        done = merge(source, target)
        next_year(home)
        award(target, 40)
        undo(done)

        assert place(target) == ("bronze", 40)
        next_year(home)  # the source's own period ends now
        assert place(source) == ("bronze", 0)

    def test_adds_up_orders(self, home, source, target):
        put(home, rungs(bronze=0, silver=3), basis="orders")
        ladders.count_orders(business=home, account_id=source.pk, orders=2)
        ladders.count_orders(business=home, account_id=target.pk, orders=1)
        done = merge(source, target)
        assert place(target) == ("silver", 3)

        undo(done)
        assert (place(source), place(target)) == (("bronze", 2), ("bronze", 1))

    def test_adds_up_tasks(self, home, source, target):
        put(home, rungs(bronze=0, silver=2), basis="tasks")
        steps = [TaskRules(key=key, title=key, type="manual") for key in ("one", "two")]
        quest = quests.create(business=home, title="Steps", rules=Rules(tasks=steps))
        for account, task in zip((source, target), quest.current.tasks.order_by("position"), strict=True):
            complete(business=home, quest_id=quest.pk, task_id=task.pk, account_id=account.pk)
        done = merge(source, target)
        assert place(target) == ("silver", 2)

        undo(done)
        assert (place(source), place(target)) == (("bronze", 1), ("bronze", 1))

    def test_gives_once_what_a_step_gives(self, home, source, target):
        put(home, rungs(bronze=0, silver=points(1_000, 100)), key="tiers", is_tier=True)
        award(source, 1_000)
        merge(source, target)

        assert place(target, "tiers")[0] == "silver"
        assert books.wallets(business=home, account_ids=[target.pk])[target.pk].amount == 1_100

    def test_gives_what_only_both_together_reached(self, home, source, target):
        put(home, rungs(bronze=0, silver=points(1_000, 100)), key="tiers", is_tier=True)
        award(source, 600)
        award(target, 600)
        merge(source, target)

        assert books.wallets(business=home, account_ids=[target.pk])[target.pk].amount == 1_300

    def test_lets_the_one_who_stays_follow_a_reversal(self, home, source, target):
        put(home, basis="balance")
        spent_from = award(source, 1_200)
        merge(source, target)
        assert place(target) == ("silver", 1_200)

        ledger.reverse(business=home, entry_id=spent_from.id)
        assert place(target) == ("bronze", 0)


class TestErasure:
    def test_leaves_numbers_and_no_period_to_end(self, home, source):
        put(home, **YEAR)
        award(source, 1_000)
        erasure.erase(business=home, account_id=source.pk)
        businesses.move_clock(business=home, to=clock.now(home) + timedelta(days=800))

        assert ladders.turn_due() == 0
        assert Climb.objects.for_business(home).filter(account=source).exists()
        assert Account.objects.get(pk=source.pk).status == Account.Status.ERASED

    def test_comes_after_an_export_that_shows_the_ladders(self, home, source):
        put(home, rungs(bronze=0, silver=points(1_000, 100)))
        award(source, 1_000)
        exported = personal_data.export(business=home, account_id=source.pk)

        assert [row["setKey"] for row in exported["ladders"]] == ["club"]
        assert {row["milestoneSetKey"] for row in exported["milestones"]} == {"club", "tiers"}
