"""What people accrue: minute by minute, by what they held, to the last part of a point."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.models import Account, HoldAccrual, HoldProgramme, Metric, Segment, SegmentMember
from loyalty.models.hold import PARTS
from loyalty.selectors import ledger as books
from loyalty.services import accrual, hold_programmes, ledger, merges
from loyalty.services.hold_rules import Pool
from tests.loyalty.hold.conftest import accrued, minute_passes

pytestmark = pytest.mark.django_db


class TestNobodyAccrues:
    def test_in_a_programme_that_is_paused(self, time, acme, start, holder):
        ada, programme = holder(100), start()
        hold_programmes.update(business=acme, programme_id=programme.pk, status="paused")

        minute_passes(time, 3)

        assert accrued(ada) == 0

    def test_before_the_first_minute_is_over(self, time, start, holder):
        ada = holder(100)
        start()

        time.passes(seconds=59)
        accrual.accrue_due()

        assert accrued(ada) == 0

    def test_below_the_minimum(self, time, start, holder):
        ada, bob = holder(99), holder(100)
        start(minimum=100)

        minute_passes(time)

        assert (accrued(ada), accrued(bob)) == (0, 1)

    def test_who_is_blocked(self, time, start, holder):
        ada, bob = holder(100), holder(100)
        Account.objects.for_business(ada.business).filter(pk=ada.pk).update(status="blocked")
        start()

        minute_passes(time)

        assert (accrued(ada), accrued(bob)) == (0, 1)

    def test_outside_its_segments(self, time, acme, start, holder):
        ada, bob = holder(100), holder(100)
        beta = Segment.objects.create(business=acme, key="beta", title="Beta")
        SegmentMember.objects.create(business=acme, segment=beta, account_id=bob.pk)
        start(segments=["beta"])

        minute_passes(time)

        assert (accrued(ada), accrued(bob)) == (0, 1)

    def test_in_another_business(self, time, rival, start, holder):
        eve = holder(100, rival)
        start()

        minute_passes(time)

        assert accrued(eve) == 0


class TestAMinute:
    def test_is_shared_out_by_what_everybody_holds(self, time, start, holder):
        ada, bob = holder(300), holder(100)
        start()

        minute_passes(time)

        assert (accrued(ada), accrued(bob)) == (0.75, 0.25)

    def test_is_shared_out_once(self, time, start, holder):
        ada = holder(100)
        start()

        time.passes(minutes=1)
        accrual.accrue_due()
        accrual.accrue_due()

        assert accrued(ada) == 1

    def test_gives_what_cannot_be_divided_to_the_largest_remainders(self, time, start, holder):
        people = [holder(1) for _ in range(7)]
        start(per_day=1)

        minute_passes(time)

        parts = HoldAccrual.objects.for_business(people[0].business).values_list("parts", flat=True)
        assert sorted(parts) == [142] + 6 * [143] or sorted(parts) == 1 * [142] + 6 * [143]
        assert sum(parts) == 1000

    def test_goes_by_what_was_held_at_its_end(self, time, start, holder):
        ada, bob = holder(100), holder(100)
        start()

        time.passes(seconds=30)
        ledger.award(business=ada.business, account_id=ada.pk, amount=200)
        time.passes(seconds=45)
        ledger.spend(business=ada.business, account_id=ada.pk, amount=300)
        accrual.accrue_due()

        assert (accrued(ada), accrued(bob)) == (0.75, 0.25)

    def test_that_nobody_was_there_for_goes_with_the_next_one(self, time, start, holder):
        programme = start()
        minute_passes(time, 3)
        ada = holder(100)

        minute_passes(time)

        assert accrued(ada) == 4
        programme.refresh_from_db()
        assert (programme.kept, programme.poured) == (0, 4 * PARTS)


class TestABusinessThatFails:
    @pytest.mark.parametrize("failing", ["acme", "rival"])
    def test_keeps_nobody_elses_people_from_what_is_theirs(
        self, time, acme, rival, start, holder, monkeypatch, failing
    ):
        ada, eve, catch_up = holder(100), holder(100, rival), accrual.catch_up
        start()
        start(rival)

        def break_down(programme):
            if programme.business.slug == failing:
                raise RuntimeError
            catch_up(programme)

        with monkeypatch.context() as patched:
            patched.setattr(accrual, "catch_up", break_down)
            minute_passes(time, 60)
        served, waiting = (eve, ada) if failing == "acme" else (ada, eve)
        assert (balance(served), accrued(waiting)) == (160, 0)

        minute_passes(time)
        assert balance(waiting) == 161


class TestATerm:
    def test_counts_the_least_that_was_held(self, time, start, holder):
        ada, bob = holder(100), holder(100)
        start(term="PT1H")
        time.passes(minutes=61)
        accrual.accrue_due()
        ledger.award(business=ada.business, account_id=ada.pk, amount=10_000)
        before = accrued(ada), accrued(bob)

        minute_passes(time, 2)

        assert (accrued(ada) - before[0], accrued(bob) - before[1]) == (1, 1)

    def test_counts_more_when_more_was_held_for_so_long(self, time, start, holder):
        ada, bob = holder(100), holder(100)
        time.passes(hours=2)
        start(term="PT1H")
        ledger.award(business=ada.business, account_id=ada.pk, amount=200)
        time.passes(minutes=60)
        accrual.accrue_due()
        before = accrued(ada), accrued(bob)

        minute_passes(time)

        assert before == (29.5 + 0.75, 29.5 + 0.25)
        assert (accrued(ada) - before[0], accrued(bob) - before[1]) == (0.75, 0.25)


class TestMissedMinutes:
    def test_come_out_as_if_they_had_not_been_missed(self, time, acme, rival, start, holder):
        """The same life twice: at Acme a worker runs each minute, at Rival it comes back after all of it."""
        people = {business: [holder(n, business) for n in (101, 57, 11)] for business in (acme, rival)}
        for business in people:
            Metric.objects.create(business=business, key="stars", title="Stars")
            start(business, per_day=777, pays="stars")
            start(business, per_day=55, pays="stars", term="PT1H")
        moves = [(0, 50), (1, -30), (2, 500), (0, -120), (2, -511), (1, 9)]

        for minute in range(120):
            time.passes(minutes=1)
            if minute % 13 == 4 and moves:
                who, amount = moves.pop(0)
                for business in people:
                    move(people[business][who], amount)
            catch_up(acme)
        catch_up(rival)

        assert parts(people[acme]) == parts(people[rival])
        assert sum(map(sum, parts(people[acme]))) == 120 * 1000 * (777 + 55)

    def test_of_a_quiet_year_are_one_statement(self, time, start, holder):
        ada = holder(100)
        programme = start()
        time.passes(days=365)

        with CaptureQueriesContext(connection) as asked:
            accrual.catch_up(programme)

        assert len(asked) == 2  # the stretch, and that there is nothing more
        assert accrued(ada) == 365 * 1440


class TestAWelcome:
    def test_is_given_once_to_newcomers_who_hold_enough(self, time, start, holder):
        old = holder(500)
        time.passes(minutes=1)
        start(kind="welcome", bonus=50, minimum=100, pool=None)
        time.passes(seconds=1)
        ada, bob = holder(100), holder(99)

        minute_passes(time, 3)

        assert (accrued(old), accrued(ada), accrued(bob)) == (0, 50, 0)


class TestPosting:
    def test_happens_each_hour_with_one_event(self, time, acme, start, holder):
        ada = holder(100)
        start(per_day=2880)

        minute_passes(time, 59)
        before = balance(ada)
        minute_passes(time, 1)

        assert (before, balance(ada)) == (100, 100 + 120)
        entries = books.entries(business=acme, account_id=ada.pk).filter(source_type="hold")
        assert [entry.amount for entry in entries] == [120]
        assert entries[0].reason == {"programme": "pool", "parts": 120 * PARTS}

    def test_happens_before_somebody_spends(self, time, acme, start, holder):
        ada = holder(100)
        start()
        minute_passes(time, 5)

        ledger.spend(business=acme, account_id=ada.pk, amount=105)

        assert balance(ada) == 0

    def test_leaves_what_there_is_no_room_for(self, time, acme, start, holder):
        acme_points = books.Metric.objects.for_business(acme).get(key="points")
        acme_points.maximum = 103
        acme_points.save()
        ada = holder(100)
        start()
        minute_passes(time, 5)

        ledger.settle(business_id=acme.pk, account_id=ada.pk)

        assert (balance(ada), accrued(ada)) == (103, 5)
        ledger.spend(business=acme, account_id=ada.pk, amount=3)
        ledger.settle(business_id=acme.pk, account_id=ada.pk)
        assert balance(ada) == 102

    def test_costs_a_business_without_programmes_nothing(self, acme, holder):
        ada = holder(100)

        with CaptureQueriesContext(connection) as asked:
            ledger.award(business=acme, account_id=ada.pk, amount=1)

        assert len(asked) == 1


class TestAChange:
    def test_counts_from_then_on(self, time, acme, start, holder):
        ada, programme = holder(100), start(per_day=1440)
        time.passes(minutes=10)

        rules = hold_programmes.rules_of(programme)
        rules.pool = Pool(per_day=2 * 1440)
        hold_programmes.update(business=acme, programme_id=programme.pk, rules=rules)
        minute_passes(time)

        assert accrued(ada) == 12

    def test_of_a_pause_loses_nothing(self, time, acme, start, holder):
        ada, programme = holder(100), start()
        time.passes(minutes=10)

        hold_programmes.update(business=acme, programme_id=programme.pk, status="paused")
        time.passes(minutes=60)
        accrual.accrue_due()

        assert balance(ada) == 110


class TestAMerge:
    def test_brings_what_had_accrued(self, time, acme, start, holder):
        ada, bob = holder(100), holder(100)
        start(per_day=3 * 1440)
        minute_passes(time)

        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        ledger.settle(business_id=acme.pk, account_id=bob.pk)

        assert balance(bob) == 203

    def test_that_is_undone_leaves_parts_where_they_are(self, time, acme, start, holder):
        ada, bob = holder(100), holder(100)
        start(per_day=3 * 1440)
        minute_passes(time)

        done = merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        merges.undo(business=acme, merge_id=done.pk)

        assert accrued(ada) + accrued(bob) == 3


def move(account, amount):
    act = ledger.award if amount > 0 else ledger.spend
    act(business=account.business, account_id=account.pk, amount=abs(amount))


def catch_up(business):
    for programme in HoldProgramme.objects.for_business(business).filter(status="active"):
        accrual.catch_up(programme)


def parts(people):
    """What each of them has accrued in both programmes; ties between equal remainders go by ids."""
    rows = HoldAccrual.objects.for_business(people[0].business).order_by("programme__key")
    return [[row.parts for row in rows.filter(account=one)] for one in people]


def balance(account):
    return books.wallets(business=account.business, account_ids=[account.pk])[account.pk].amount
