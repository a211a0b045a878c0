"""Birthdays move and pay what listens to them: once a year and person, on the programme's own day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from django.db.models import F

from advocates import tasks
from advocates.models import BirthdayRound
from advocates.services import advocates, birthdays
from loyalty.kernel import clock
from loyalty.models import Account, Action, Business
from loyalty.selectors import ledger as books
from loyalty.services import accounts, actions, businesses, earn_rules, quests
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.ledger import AccountNotActive
from loyalty.services.quest_rules import Rules, TaskRules, in_points
from tests.races import at_once, errors

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
THE_DAY = date(1990, 5, 1)


@pytest.fixture(autouse=True)
def _a_year_before():
    """People join before `NOON`, whenever this runs: nothing happens to anybody earlier than that."""
    with clock.moved_to(NOON - timedelta(days=365)):
        yield


def gift(business, points=50):
    terms = Terms(trigger="birthday", earn=Earn(points=points))
    return earn_rules.create(business=business, title="Happy birthday", key="gift", terms=terms)


def joins(business, name="grace", *, born=THE_DAY):
    return advocates.create(business=business, email=f"{name}@example.com", birthday=born)


def points_of(person):
    return books.wallets(business=person.business, account_ids=[person.pk])[person.pk].amount


def told_at(moment):
    with clock.moved_to(moment):
        return birthdays.tell_due()


class TestTellsNobody:
    def test_where_nothing_listens(self, acme):
        joins(acme)

        assert told_at(NOON) == 0
        assert not Action.objects.exists()

    def test_of_another_day(self, acme):
        gift(acme)
        for number, born in enumerate([date(1990, 4, 30), date(1990, 5, 2), date(1990, 6, 1), None]):
            joins(acme, f"p{number}", born=born)

        assert told_at(NOON) == 0

    def test_who_was_born_today(self, acme):
        gift(acme)
        with clock.moved_to(NOON):
            joins(acme, born=NOON.date())

            assert birthdays.tell_due() == 0

    def test_who_is_blocked(self, acme):
        gift(acme)
        grace = joins(acme)
        accounts.set_blocked(business=acme, account_id=grace.pk, blocked=True)

        assert told_at(NOON) == 0

    def test_of_a_business_whose_rule_is_paused_or_another_ones(self, acme, rival):
        rule = gift(acme)
        joins(acme)
        joins(rival)
        earn_rules.update(business=acme, rule_id=rule.pk, status="paused")

        assert told_at(NOON) == 0

    def test_of_a_business_that_is_suspended(self, acme):
        gift(acme)
        joins(acme)
        Business.objects.filter(pk=acme.pk).update(status=Business.Status.SUSPENDED)

        assert told_at(NOON) == 0


class TestTheDay:
    def test_pays_once_however_often_a_worker_looks(self, acme):
        gift(acme)
        grace = joins(acme)

        with clock.moved_to(NOON):
            told = [birthdays.tell_due() for _ in range(3)]

        assert (told, points_of(grace)) == ([1, 0, 0], 50)

    def test_completes_a_step_of_a_quest(self, acme):
        step = TaskRules(title="Have a birthday", type="event", trigger="birthday")
        quests.create(business=acme, title="Cake", rules=Rules(tasks=[step], benefits=[in_points(7)]))
        grace = joins(acme)

        told_at(NOON)

        assert points_of(grace) == 7

    @pytest.mark.parametrize(
        ("zone", "begins"),
        [
            ("UTC", datetime(2026, 5, 1, tzinfo=UTC)),
            ("Asia/Tokyo", datetime(2026, 4, 30, 15, tzinfo=UTC)),
            ("America/Los_Angeles", datetime(2026, 5, 1, 7, tzinfo=UTC)),
        ],
    )
    def test_begins_and_ends_at_midnight_of_the_programme(self, acme, zone, begins):
        Business.objects.filter(pk=acme.pk).update(timezone=zone)
        gift(acme)
        joins(acme, "early")
        second = timedelta(seconds=1)

        assert (told_at(begins - second), told_at(begins)) == (0, 1)
        joins(acme, "late")
        assert told_at(begins + timedelta(days=1) - second) == 1
        assert told_at(begins + timedelta(days=1)) == 0
        joins(acme, "too-late")
        assert told_at(begins + timedelta(days=1, seconds=1)) == 0

    def test_comes_every_year(self, acme):
        gift(acme)
        grace = joins(acme)

        assert [told_at(NOON.replace(year=year)) for year in (2026, 2027, 2027, 2028)] == [1, 1, 0, 1]
        assert points_of(grace) == 150

    @pytest.mark.parametrize(
        ("today", "told"),
        [((2027, 2, 28), 1), ((2027, 3, 1), 0), ((2028, 2, 28), 0), ((2028, 2, 29), 1), ((2100, 2, 28), 1)],
    )
    def test_of_29_february_is_the_28th_where_there_is_none(self, acme, today, told):
        gift(acme)
        joins(acme, born=date(1992, 2, 29))

        assert told_at(datetime(*today, 12, tzinfo=UTC)) == told

    def test_is_told_on_the_clock_of_a_sandbox(self, acme):
        gift(acme.sandbox)
        grace = joins(acme.sandbox)
        with clock.moved_to(NOON - timedelta(days=90)):
            assert birthdays.tell_due() == 0
            businesses.move_clock(business=acme.sandbox, to=NOON)

            assert birthdays.tell_due() == 1

        assert points_of(grace) == 50


class TestABirthdayThatChanges:
    def test_counts_on_the_day_that_it_is_entered(self, acme):
        gift(acme)
        grace = joins(acme, born=None)
        with clock.moved_to(NOON):
            birthdays.tell_due()
            advocates.update(business=acme, advocate_id=grace.pk, birthday=THE_DAY)

            assert birthdays.tell_due() == 1

    def test_is_not_told_twice_a_year(self, acme):
        gift(acme)
        grace = joins(acme)
        told_at(NOON)
        later = NOON + timedelta(days=40)

        with clock.moved_to(later):
            advocates.update(business=acme, advocate_id=grace.pk, birthday=later.date().replace(year=1990))
            assert birthdays.tell_due() == 0

        assert (told_at(later.replace(year=2027)), points_of(grace)) == (1, 100)


class TestAWorkerThatStopped:
    def test_makes_up_for_the_days_that_it_missed(self, acme):
        gift(acme)
        told_at(NOON - timedelta(days=3))
        joins(acme)

        assert told_at(NOON + timedelta(days=3)) == 1

    def test_does_not_go_back_into_the_last_year(self, acme):
        """Else it would use up this year's gift."""
        gift(acme)
        told_at(datetime(2026, 12, 30, 12, tzinfo=UTC))
        joins(acme, born=date(1990, 12, 31))

        assert told_at(datetime(2027, 1, 1, 12, tzinfo=UTC)) == 0

    def test_leaves_the_last_year_when_a_new_one_begins_meanwhile(self, acme, monkeypatch):
        gift(acme)
        people = [joins(acme, name, born=date(1990, 12, 31)) for name in ("first", "last")]
        midnight, whose = datetime(2027, 1, 1, tzinfo=UTC), birthdays._whose

        def until_midnight(business, day):
            found = whose(business, day)
            yield next(found)
            clock._moved_to.set(midnight)
            yield from found

        with monkeypatch.context() as patch:
            patch.setattr(birthdays, "_whose", until_midnight)
            assert told_at(midnight - timedelta(seconds=1)) == 1

        assert told_at(midnight.replace(month=12, day=31)) == 2
        assert [points_of(person) for person in people] == [100, 50]

    def test_makes_up_for_nothing_before_somebody_listened(self, acme):
        rule = gift(acme)
        told_at(NOON - timedelta(days=9))
        joins(acme, born=date(1990, 4, 28))
        earn_rules.update(business=acme, rule_id=rule.pk, status="paused")
        told_at(NOON - timedelta(days=1))
        assert not BirthdayRound.objects.exists()
        earn_rules.update(business=acme, rule_id=rule.pk, status="active")

        assert told_at(NOON) == 0

    @pytest.mark.breaks_the_books
    def test_passes_over_whom_it_fails_at_and_tries_them_again(self, acme, rival, monkeypatch):
        monkeypatch.setattr(birthdays, "BATCH", 2)
        for business in (acme, rival):
            gift(business)
        people = [joins(acme, f"p{number}") for number in range(5)] + [joins(rival)]
        broken = people[1]
        Account.objects.filter(pk=broken.pk).update(event_sequence=F("event_sequence") - 1)

        assert told_at(NOON) == 5
        Account.objects.filter(pk=broken.pk).update(event_sequence=F("event_sequence") + 1)

        assert told_at(NOON) == 1
        assert {points_of(person) for person in people} == {50}

    def test_passes_over_who_cannot_be_paid(self, acme, monkeypatch):
        gift(acme)
        full, fine = joins(acme, "full"), joins(acme, "fine")
        take = actions.take

        def refuses(report, *, business):
            if report.account_id == full.pk:
                raise AccountNotActive
            return take(report, business=business)

        monkeypatch.setattr(actions, "take", refuses)

        assert (told_at(NOON), points_of(fine)) == (1, 50)


class TestCost:
    def test_does_not_grow_with_those_who_have_another_birthday(self, acme, django_assert_num_queries):
        gift(acme)
        with clock.moved_to(NOON):
            birthdays.tell_due()
            with django_assert_num_queries(8) as few:
                birthdays.tell_due()
        for number in range(20):
            joins(acme, f"p{number}", born=date(1990, 7, 1))

        with clock.moved_to(NOON), django_assert_num_queries(len(few)):
            birthdays.tell_due()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    WORKERS = 3

    @pytest.fixture
    def together(self, monkeypatch):
        """Every worker has seen whose birthday it is before any tells of it."""
        whose, ready = birthdays._whose, Barrier(self.WORKERS)

        def seen(business, day):
            found = list(whose(business, day))
            ready.wait(timeout=30)
            return found

        monkeypatch.setattr(birthdays, "_whose", seen)

    def test_workers_tell_of_everybody_once(self, acme, together):
        gift(acme)
        people = [joins(acme, f"p{number}") for number in range(4)]

        told = at_once(self.WORKERS, lambda _: told_at(NOON))

        assert not errors(told)
        assert (sum(told), Action.objects.filter(name="birthday").count()) == (4, 4)
        assert {points_of(person) for person in people} == {50}

    def test_without_the_id_they_tell_several_times(self, acme, together, monkeypatch):
        """The control: the year's id is what makes it once."""
        gift(acme)
        joins(acme)
        take = actions.take
        monkeypatch.setattr(
            actions, "take", lambda report, business: take(replace(report, event_id=None), business=business)
        )

        assert sum(at_once(self.WORKERS, lambda _: told_at(NOON))) == self.WORKERS


def test_the_task_tells(acme):
    gift(acme)
    grace = joins(acme)
    with clock.moved_to(NOON):
        tasks.tell_birthdays()

    assert points_of(grace) == 50
