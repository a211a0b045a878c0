"""A mission before the reward: an order waits until its friend has done it, and is paid then."""

from datetime import timedelta

import pytest

from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from loyalty.services import completions, merges, quests
from loyalty.services.quest_rules import Rules, TaskRules
from referrals.models import Conversion
from referrals.services import decisions, programmes
from tests.loyalty.quests.conftest import tasks_of
from tests.races import at_once, errors
from tests.referrals.conftest import points_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def welcome(acme):
    steps = [TaskRules(key="hello", title="Say hello", type="manual"), TaskRules(title="Wave", type="manual")]
    return quests.create(business=acme, title="Welcome", rules=Rules(tasks=steps))


@pytest.fixture
def mission(acme, adas, welcome):
    """Both sides are paid once the friend has said hello."""
    programmes.save(business=acme, mission_quest="welcome", mission_task="hello")


def say_hello(welcome, who, number=0):
    completions.complete(
        business=who.business, quest_id=welcome.pk, task_id=tasks_of(welcome)[number].pk, account_id=who.pk
    )


def two_weeks_later():
    return clock.moved_to(clock.wall() + timedelta(days=14, seconds=1))


def state():
    row = Conversion.objects.get()
    return row.status, row.reason


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"mission_quest": "other"}, "mission.quest"),
            ({"mission_quest": "welcome", "mission_task": "other"}, "mission.task"),
            ({"mission_quest": "", "mission_task": "hello"}, "mission.task"),
        ],
    )
    def test_a_mission_that_nobody_has(self, acme, welcome, said, field):
        with pytest.raises(NotFound) as refused:
            programmes.save(business=acme, **said)

        assert refused.value.field == field

    def test_it_in_a_document_with_its_path(self, api):
        response = api.put("/programme", {"referral": {"mission": {"quest": "other"}}})

        assert (response.status_code, response.json()["error"]["field"]) == (400, "referral.mission.quest")


class TestAnOrder:
    def test_of_a_friend_who_has_done_it_is_paid_at_once(self, ada, bob, order, mission, welcome):
        say_hello(welcome, bob)

        assert order("1", external_id="bob-1").conversion.status == "confirmed"
        assert (points_of(ada), points_of(bob)) == (200, 100)

    def test_waits_until_the_friend_has_done_it(self, ada, bob, order, mission, welcome):
        order("1", external_id="bob-1")
        assert state() == ("held", "mission_open")
        decisions.release_due()
        assert (*state(), points_of(ada)) == ("held", "mission_open", 0)
        say_hello(welcome, bob, 1)  # the other step
        assert decisions.release_due() == 0

        say_hello(welcome, bob)

        assert decisions.release_due() == 1
        assert (*state(), points_of(ada), points_of(bob)) == ("confirmed", "", 200, 100)
        assert decisions.release_due() == 0

    def test_waits_for_the_whole_quest_where_no_task_is_named(self, acme, adas, ada, bob, order, welcome):
        programmes.save(business=acme, mission_quest="welcome")
        order("1", external_id="bob-1")
        say_hello(welcome, bob)
        assert decisions.release_due() == 0

        say_hello(welcome, bob, 1)

        assert decisions.release_due() == 1

    @pytest.mark.parametrize("named", [{"email": "Grace@example.com"}, {"external_id": "grace-1"}])
    def test_of_somebody_who_joins_later_is_theirs(self, acme, ada, order, mission, welcome, named):
        order("1", **named)
        grace = advocates.create(business=acme, email="grace@example.com", external_id="grace-1")
        assert decisions.release_due() == 0

        say_hello(welcome, grace)

        assert decisions.release_due() == 1
        assert (points_of(ada), points_of(grace)) == (200, 100)

    def test_waits_for_its_days_too(self, acme, ada, bob, order, mission, welcome):
        programmes.save(business=acme, hold_days=14)
        order("1", external_id="bob-1")
        say_hello(welcome, bob)
        assert decisions.release_due() == 0

        with two_weeks_later():
            assert decisions.release_due() == 1

    def test_whose_days_are_over_waits_for_its_friend(self, acme, ada, bob, order, mission, welcome):
        programmes.save(business=acme, hold_days=14)
        order("1", external_id="bob-1")
        with two_weeks_later():
            assert decisions.release_due() == 0
            assert state() == ("held", "mission_open")

            say_hello(welcome, bob)

            assert decisions.release_due() == 1

    def test_is_paid_as_was_promised_whatever_the_mission_is_by_then(self, acme, ada, bob, order, mission, welcome):
        order("1", external_id="bob-1")
        programmes.save(business=acme, mission_quest="")
        assert decisions.release_due() == 0

        say_hello(welcome, bob)

        assert decisions.release_due() == 1

    def test_may_be_paid_by_an_operator_without_it(self, acme, ada, bob, order, mission):
        made = order("1", external_id="bob-1").conversion

        decisions.approve(business=acme, conversion_id=made.pk)

        assert points_of(ada) == 200

    def test_that_a_risk_rule_holds_stays_with_the_operator(self, ada, bob, order, mission, welcome):
        order("1", email="ada+shop@example.com")
        assert state() == ("held", "same_email")

        say_hello(welcome, bob)

        assert decisions.release_due() == 0

    def test_follows_a_friend_into_a_merge(self, acme, ada, bob, order, mission, welcome):
        order("1", external_id="bob-1")
        grace = advocates.create(business=acme, external_id="grace-1")
        say_hello(welcome, grace)

        merges.merge(business=acme, source_id=bob.pk, target_id=grace.pk)

        assert decisions.release_due() == 1
        assert points_of(grace) == 100


@pytest.mark.django_db(transaction=True)
def test_twenty_workers_at_once_pay_it_once(ada, bob, order, mission, welcome):
    order("1", external_id="bob-1")
    say_hello(welcome, bob)

    results = at_once(20, lambda _: decisions.release_due())

    assert errors(results) == []
    assert sum(results) == 1
    assert points_of(ada) == 200
