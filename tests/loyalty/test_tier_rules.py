"""docs/rules/tiers.md: its tables are worked out here, day by day."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from loyalty.kernel import clock
from loyalty.models import Event, MilestoneSet
from loyalty.selectors import ladders as places
from loyalty.selectors import ledger as books
from loyalty.services import accounts, ladder_rules, ladders, ledger, quests
from loyalty.services.completions import complete
from loyalty.services.quest_rules import Rules, TaskRules
from tests.loyalty.climbers import points, put, rungs

PAGE = (Path(__file__).resolve().parents[2] / "docs/rules/tiers.md").read_text(encoding="utf-8")
BASES = list(MilestoneSet.Basis.values)
JOINED = datetime(2027, 3, 15, 10, tzinfo=UTC)


def table(*first_headings):
    """The cells of the rows of a table of the page."""
    _, _, rest = PAGE.partition(f"| {' | '.join(first_headings)} |")
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


class Member:
    """Somebody to whom the rows of a table happen."""

    def __init__(self, business):
        self.business = business
        self.account = accounts.open_account(business=business)
        self.latest = {}
        steps = [TaskRules(key="one", title="One", type="manual")]
        self.quest = quests.create(business=business, title="Steps", rules=Rules(tasks=steps))

    @property
    def whose(self):
        return {"business": self.business, "account_id": self.account.pk}

    def happens(self, words):
        verb, _, last = words.rpartition(" ")
        act = getattr(self, f"_{(verb if last.isdigit() else words).replace(' ', '_')}")
        act(*[int(last)] if last.isdigit() else [])

    def _earns(self, amount):
        self.latest["earning"] = self.latest.get("earning") or ledger.award(**self.whose, amount=amount)
        if self.latest["earning"].amount != amount:
            ledger.award(**self.whose, amount=amount)

    def _spends(self, amount):
        self.latest["spending"] = ledger.spend(**self.whose, amount=amount)

    def _has_the_spending_undone(self):
        ledger.reverse(business=self.business, entry_id=self.latest["spending"].id)

    def _is_corrected_by(self, amount):
        ledger.spend(**self.whose, amount=amount, type=ledger.Type.ADJUST, topic="points/adjusted")

    def _orders(self):
        ladders.count_orders(**self.whose)

    def _does_a_task(self):
        (task,) = self.quest.current.tasks.all()
        complete(**self.whose, quest_id=self.quest.pk, task_id=task.pk)

    def _has_the_earning_taken_back(self):
        earning = self.latest.pop("earning")
        missing = earning.amount - self.has()
        if missing > 0:
            ledger.award(**self.whose, amount=missing, type=ledger.Type.ADJUST, topic="points/adjusted")
        ledger.reverse(business=self.business, entry_id=earning.id)

    def _is_put_on_gold_by_hand(self):
        accounts.set_tier(**self.whose, tier_key="gold")

    def _is_no_longer_kept_by_hand(self):
        accounts.set_tier(**self.whose, tier_key=None)

    def has(self):
        return books.wallets(business=self.business, account_ids=[self.account.pk])[self.account.pk].amount

    def places(self):
        return {place.set: place for place in places.places(**self.whose)}


class TestBases:
    def test_are_all_there_are(self):
        assert [row[0].strip("`") for row in table("basis")] == BASES

    def test_count_as_the_page_says(self, acme):
        for basis in BASES:
            period = "P12M" if basis == "periodEarned" else None
            put(acme, key=basis.lower(), basis=basis, period=period, keep=True)
        member = Member(acme)
        for words, *counts in table("what happens", "balance"):
            member.happens(words)
            there = member.places()
            assert [str(there[basis.lower()].value) for basis in BASES] == counts, words


class TestPeriods:
    @pytest.mark.parametrize("row", table("joined"), ids=" ".join)
    def test_begin_and_end_as_the_page_says(self, db, row):
        joined, zone, period, at, *days = row
        length, start = period.split()
        moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (joined, at)]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT * FROM laurel_period(%s, %s, %s, %s, %s)",
                [moments[0], start, int(length[1:-1]), zone, moments[1]],
            )
            found = cursor.fetchone()

        wanted = [datetime.combine(date.fromisoformat(day), time.min, ZoneInfo(zone)) for day in days]
        assert list(found) == wanted


class TestDowngrades:
    def test_are_all_there_are(self):
        assert [row[0].strip("`") for row in table("downgrade")] == list(MilestoneSet.Downgrade.values)

    def test_that_need_a_period_are_refused_without(self):
        refused = {row[0].strip("`") for row in table("downgrade") if row[1].startswith("is refused")}
        plain = {"basis": "balance", "months": None, "start": "join"}
        rules = MilestoneSet.Downgrade.values

        assert refused == {rule for rule in rules if list(ladder_rules.problems(**plain, downgrade=rule))}

    def test_happen_on_the_days_that_the_page_says(self, acme):
        rules = ["never", "oneStep", "toEarned"]
        with clock.moved_to(JOINED):
            for rule in rules:
                put(acme, key=rule.lower(), basis="periodEarned", period="P12M", downgrade=rule, keep=True)
            member = Member(acme)
        for on, earned, *wanted in table("on", "earns"):
            with clock.moved_to(datetime.combine(date.fromisoformat(on), time(10), UTC)):
                ladders.turn_due()
                if earned != "0":
                    ledger.award(**member.whose, amount=int(earned))
                assert [member.places()[rule.lower()].milestone for rule in rules] == wanted, on


class TestWhatStepsGive:
    def test_is_given_as_the_page_says(self, acme):
        put(acme, rungs(bronze=0, silver=points(1_000, 100), gold=points(5_000, 300)), key="tiers", is_tier=True)
        member = Member(acme)
        for words, step, amount in table("what happens", "step"):
            member.happens(words)
            assert (member.places()["tiers"].milestone, member.has()) == (step, int(amount)), words


class TestWhy:
    def test_names_every_fact(self, acme):
        put(acme, key="tiers", is_tier=True, basis="periodEarned", period="P12M")
        ledger.award(**Member(acme).whose, amount=1_000)
        facts = Event.objects.for_business(acme).get(topic="customers/tier_changed").facts

        named = {name.strip("` ") for row in table("fact") for name in row[0].split(",")}
        assert named == set(facts) - {"oldTierId", "newTierId"}


def test_the_tables_are_found():
    """The control: as many rows as the page had."""
    headings = [["basis"], ["what happens", "balance"], ["joined"], ["downgrade"], ["on", "earns"], ["fact"]]
    assert [len(table(*names)) for names in headings] == [6, 8, 9, 3, 10, 6]
