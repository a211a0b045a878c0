"""Taps are paid out of an energy, as fast as a finger can make them, and never twice."""

from datetime import timedelta
from uuid import uuid4

import pytest

from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from loyalty.models import Metric, Segment, TapMeter
from loyalty.selectors import ledger as books
from loyalty.selectors import taps as reads
from loyalty.services import accounts, businesses, ledger, merges, personal_data, segments, tap_programmes
from tests.loyalty.quests.conftest import points_of
from tests.loyalty.tap.conftest import tap

pytestmark = pytest.mark.django_db


class TestARefusal:
    def test_of_a_programme_that_is_not_there_or_not_theirs(self, time, acme, ada, bob, rival, eve, start):
        Segment.objects.create(business=acme, key="vip", title="VIP")
        start(segments=["vip"])
        start(business=rival)
        segments.put(business=acme, account_id=bob.pk, keys=["vip"])

        for who, programme in ((ada, "tap"), (ada, "other")):
            with pytest.raises(NotFound) as refusal:
                tap(who, 1, programme=programme)
            assert refusal.value.field == "programme"
        assert tap(bob, 1).points == 1
        assert tap(eve, 1).points == 1

    def test_of_somebody_who_is_blocked(self, time, acme, ada, start):
        start()
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        with pytest.raises(ledger.AccountNotActive):
            tap(ada, 1)

    def test_of_an_archived_programme(self, time, acme, ada, start):
        programme = start()
        tap_programmes.update(business=acme, programme_id=programme.pk, status="archived")

        with pytest.raises(NotFound):
            tap(ada, 1)


class TestTaps:
    def test_earn_points_and_take_energy(self, time, ada, start):
        start(per_tap=2)

        tapped = tap(ada, 30)

        assert (tapped.taps, tapped.points, tapped.limits, tapped.balance) == (30, 60, [], 60)
        assert tapped.standing.energy == 70
        assert points_of(ada) == 60

    def test_say_why_in_their_entry(self, time, acme, ada, start):
        start(energy=5, per_tap=3)

        tap(ada, 9)

        (entry,) = books.entries(business=acme, account_id=ada.pk)
        assert (entry.type, entry.amount, entry.source_type) == ("earn", 15, "tap")
        assert entry.reason == {"programme": "tap", "perTap": 3, "sent": 9, "taps": 5, "limits": ["energy"]}

    def test_of_an_empty_energy_earn_nothing(self, time, ada, start):
        start(energy=50)
        tap(ada, 50)

        tapped = tap(ada, 20)

        assert (tapped.taps, tapped.points, tapped.limits) == (0, 0, ["energy"])
        assert points_of(ada) == 50

    def test_earn_again_what_time_has_brought_back(self, time, ada, start):
        start(energy=50, refill_seconds=10)
        tap(ada, 50)
        time.passes(seconds=35)

        tapped = tap(ada, 20)

        assert (tapped.taps, tapped.standing.energy) == (3, 0)
        assert tapped.standing.next_in == timedelta(seconds=5)
        assert tapped.standing.full_in == timedelta(seconds=495)

    def test_never_have_more_energy_than_there_is(self, time, ada, start):
        start(energy=50)
        tap(ada, 50)
        time.passes(days=30)

        assert tap(ada, 100).taps == 50

    def test_count_no_faster_than_a_finger(self, time, ada, start):
        start(energy=500, per_second=10)

        first, second = tap(ada, 400), tap(ada, 400)
        time.passes(seconds=2)
        third = tap(ada, 400)

        assert [each.taps for each in (first, second, third)] == [100, 0, 20]
        assert first.limits == second.limits == ["pace"]

    def test_end_at_the_cap_of_a_day_and_go_on_the_next_one(self, time, acme, ada, start):
        acme.timezone = "Asia/Tokyo"  # where it is 21:00 at noon
        acme.save()
        start(per_day=40, per_tap=3)

        first, second = tap(ada, 20), tap(ada, 1)
        time.passes(hours=3)
        third = tap(ada, 1)

        assert (first.taps, first.limits, first.standing.left_today) == (13, ["day"], 1)
        assert (second.taps, second.limits) == (0, ["day"])
        assert (third.taps, third.standing.left_today) == (1, 37)

    def test_end_where_the_metric_has_no_room(self, time, acme, ada, start):
        Metric.objects.create(business=acme, key="stars", title="Stars", maximum=7)
        start(pays="stars", per_tap=2)

        first, second = tap(ada, 5), tap(ada, 5)

        assert (first.taps, first.balance, first.limits) == (3, 6, ["maximum"])
        assert (second.taps, second.standing.energy) == (0, 97)

    def test_of_a_paused_programme_earn_nothing_and_take_nothing(self, time, acme, ada, start):
        programme = start(status="paused")

        tapped = tap(ada, 5)

        assert (tapped.taps, tapped.limits, tapped.standing.energy) == (0, ["paused"], 100)
        assert not TapMeter.objects.for_business(acme).exists()
        tap_programmes.update(business=acme, programme_id=programme.pk, status="active")
        assert tap(ada, 5).taps == 5

    def test_of_a_batch_that_was_paid_are_never_paid_again(self, time, ada, start):
        start()
        batch = uuid4()
        tap(ada, 5, batch)

        with pytest.raises(ledger.AlreadyPosted):
            tap(ada, 5, batch)
        assert points_of(ada) == 5

    def test_follow_the_clock_of_a_sandbox(self, acme, start):
        sandbox = acme.sandbox
        start(business=sandbox, energy=10, refill_seconds=3600)
        zoe = advocates.create(business=sandbox, external_id="zoe-1")
        tap(zoe, 10)

        assert tap(zoe, 10).taps == 0
        businesses.move_clock(business=sandbox, to=clock.now(sandbox) + timedelta(hours=4))

        assert tap(zoe, 10).taps == 4


class TestChangedRules:
    def test_are_in_force_for_those_who_tapped_before(self, time, acme, ada, start):
        programme = start(energy=100, refill_seconds=1000)
        tap(ada, 100)

        rules = tap_programmes.rules_of(programme)
        rules.energy, rules.refill_seconds = 10, 5
        tap_programmes.update(business=acme, programme_id=programme.pk, rules=rules)

        (standing,) = reads.standings(business=acme, account_id=ada.pk)
        assert (standing.energy, standing.full_in) == (0, timedelta(seconds=50))


class TestAMerge:
    def test_takes_the_meter_along(self, time, acme, ada, bob, start):
        start(energy=10)
        tap(ada, 8)

        done = merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        assert tap(bob, 10).taps == 2
        merges.undo(business=acme, merge_id=done.pk)
        assert tap(ada, 10).taps == 0

    def test_of_two_who_tapped_leaves_the_emptier_energy_and_both_days(self, time, acme, ada, bob, start):
        start(energy=10, per_day=15)
        tap(ada, 9)
        tap(bob, 2)

        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        (standing,) = reads.standings(business=acme, account_id=bob.pk)
        assert (standing.energy, standing.left_today) == (1, 4)


class TestAnExport:
    def test_shows_what_was_tapped(self, time, acme, ada, start):
        start()
        tap(ada, 3)

        (row,) = personal_data.export(business=acme, account_id=ada.pk)["taps"]
        assert (row["programmeKey"], row["taps"], row["earned"]) == ("tap", 3, 3)
