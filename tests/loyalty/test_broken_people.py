"""Whoever cannot be settled keeps nobody else from being so: neither their neighbours nor any other business."""

import json
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.models import F

from loyalty.kernel import clock, rounds
from loyalty.models import Account, Event, Segment, SegmentMember
from loyalty.services import accounts, accrual, hold_programmes, ladders, ledger, memberships, settlement
from loyalty.services.hold_rules import HoldRules, Pool
from tests.loyalty import declared
from tests.loyalty.climbers import put

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_the_books]

DAY = timedelta(days=1)


def that_ripen(business, award):
    award(5, pending_until=clock.wall() + DAY)


def that_expire(business, award):
    award(5, expires_at=clock.wall() + DAY)


def that_warn(business, award):
    declared.points(business, expiry={"after": "P5D", "warnDays": [4]})
    award(5)


def that_a_silence_ends(business, award):
    declared.points(business, expiry={"after": "P1D", "basis": "inactivity"})
    award(5)


def of_a_period(business, award):
    put(business, key="tiers", is_tier=True, basis="periodEarned", period="P1M", downgrade="toEarned")
    award(1_000)


def of_a_membership(business, award):
    club, _ = Segment.objects.for_business(business).get_or_create(
        business=business, key="club", title="Club", is_membership=True
    )
    SegmentMember.objects.create(
        business=business, segment=club, account_id=award(5).account_id, ends_at=clock.wall() + DAY
    )


def that_accrue(business, award):
    award(5)
    hold_programmes.create(
        business=business, title="Pool", status="active", rules=HoldRules(pool=Pool(per_day=1440 * 9))
    )


# What people have, what works it off, and what it tells of them.
SWEEPS = {
    "ripening": (that_ripen, settlement.settle_due, "points/earned"),
    "expiry": (that_expire, settlement.settle_due, "points/expired"),
    "a warning": (that_warn, settlement.warn_due, "points/expiring"),
    "a silence": (that_a_silence_ends, settlement.settle_silence, "points/expired"),
    "the end of a period": (of_a_period, ladders.turn_due, "customers/tier_changed"),
    "the end of a membership": (of_a_membership, memberships.end_due, "customers/updated"),
    "what they hold": (that_accrue, accrual.accrue_due, "points/earned"),
}


@pytest.fixture(params=SWEEPS.values(), ids=list(SWEEPS))
def sweep(request, acme, rival):
    """Three people of Acme, of whom the second is broken, and one of Rival; the sweep, and whom it tells of."""
    has, work_off, topic = request.param
    people = [accounts.open_account(business=business) for business in (acme, acme, acme, rival)]
    for person in people:
        has(
            person.business,
            lambda amount, to=person, **rest: ledger.award(
                business=to.business, account_id=to.pk, amount=amount, **rest
            ),
        )
    return Sweep(people, work_off, topic)


class Sweep:
    def __init__(self, people, work_off, topic):
        self.people, self.topic = people, topic
        self._work_off = work_off
        Account.objects.filter(pk=people[1].pk).update(event_sequence=F("event_sequence") - 1)
        self.before = self._told()

    def mend(self):
        Account.objects.filter(pk=self.people[1].pk).update(event_sequence=F("event_sequence") + 1)

    def work_off(self, hours=0):
        days = 3 if self.topic == "points/expiring" else 70
        with clock.moved_to(clock.wall() + timedelta(days=days, hours=hours)):
            self._work_off()

    def _told(self):
        return [Event.objects.filter(account_id=person.pk, topic=self.topic).count() for person in self.people]

    @property
    def told(self):
        return [bool(now - before) for now, before in zip(self._told(), self.before, strict=True)]


class TestSomebodyBroken:
    @pytest.mark.parametrize("page", [1, 250])
    def test_keeps_nobody_else_from_what_is_due(self, sweep, monkeypatch, page):
        for module in (settlement, accrual):
            monkeypatch.setattr(module, "PAGE", page)

        sweep.work_off()

        assert sweep.told == [True, False, True, True]

    def test_is_served_once_they_are_mended(self, sweep):
        sweep.work_off()
        sweep.mend()

        sweep.work_off(hours=2)

        assert sweep.told == [True] * 4

    def test_is_named_by_ids_and_by_what_went_wrong(self, sweep, capfd):
        sweep.work_off()

        broken = sweep.people[1]
        said = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
        failed = [line for line in said if line["event"] == "piece_failed"]
        assert {(line["error"], line["business"], line["account"]) for line in failed} == {
            ("IntegrityError", str(broken.business_id), str(broken.pk))
        }
        assert said[-1]["event"] == "round_incomplete"

    def test_ends_the_round_of_everybody_where_pieces_are_none(self, sweep, monkeypatch):
        monkeypatch.setattr(rounds.Round, "piece", lambda *_, **__: nullcontext())

        with pytest.raises(IntegrityError):
            sweep.work_off()

        assert sweep.told[-1] is False
