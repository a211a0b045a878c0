"""A sandbox's test clock: whoever moves it sees at once what is due by then, and nobody else does."""

from datetime import date, timedelta

import pytest
from celery import current_app

from advocates.models import Advocate, Idea
from advocates.services import advocates, boards, ideas
from loyalty.kernel import clock
from loyalty.models import Account, Event, Segment, SegmentMember
from loyalty.services import accounts, businesses, earn_rules, ledger
from loyalty.services.earn_terms import Earn, Terms
from referrals.models import Conversion
from referrals.services import codes, conversions, programmes
from rewards.models import Redemption
from rewards.services import redemptions, rewards
from tests.loyalty import declared
from tests.loyalty.climbers import put

pytestmark = pytest.mark.django_db


def topics(business):
    return list(Event.objects.for_business(business).order_by("sequence").values_list("topic", flat=True))


@pytest.fixture
def woken(monkeypatch):
    names = []
    monkeypatch.setattr(businesses.jobs, "wake", names.append)
    return names


@pytest.fixture
def advance(sandbox_api, woken):
    """Move the sandbox's clock, and run what that wakes."""

    def move(duration):
        woken.clear()
        assert sandbox_api.post("/test-clock", {"advance": duration}).status_code == 200
        for name in list(woken):
            current_app.tasks[name]()

    return move


@pytest.fixture
def sue(acme):
    """She takes part in the sandbox, and has 1,000 points."""
    sue = advocates.create(business=acme.sandbox, email="sue@example.com")
    ledger.award(business=acme.sandbox, account_id=sue.pk, amount=1_000)
    return sue


def the_end_of_a_period(sue):
    put(sue.business, key="tiers", is_tier=True, basis="periodEarned", period="P1M", downgrade="toEarned")
    ledger.award(business=sue.business, account_id=sue.pk, amount=1_000)
    return lambda: Account.objects.get(pk=sue.pk).tier.key == "bronze"


def the_end_of_a_membership(sue):
    box = sue.business
    club = Segment.objects.create(business=box, key="club", title="Club", is_membership=True)
    ends_at = clock.now(box) + timedelta(days=9)
    SegmentMember.objects.create(business=box, segment=club, account_id=sue.pk, ends_at=ends_at)
    return lambda: not SegmentMember.objects.exists()


def a_birthday(sue):
    box = sue.business
    day = clock.now(box).date() + timedelta(days=31)
    Advocate.objects.filter(pk=sue.pk).update(birthday=date(1992, day.month, day.day))
    earn_rules.create(business=box, title="Gift", terms=Terms(trigger="birthday", earn=Earn(points=50)))
    return lambda: Event.objects.filter(account_id=sue.pk, topic="points/earned", facts__amount=50).exists()


def an_old_vote(sue):
    board = boards.create(business=sue.business, title="Ideas")
    ideas.submit(business=sue.business, board_id=board.pk, advocate_id=sue.pk, title="Oat milk", body="Please.")
    return lambda: Idea.objects.get().recent_votes == 0


def bought(sue, **said):
    coffee = rewards.create(business=sue.business, name="Coffee", type="custom", points_cost=100, **said)
    return redemptions.redeem(business=sue.business, reward_id=coffee.pk, advocate_id=sue.pk)


def a_redemption_that_nobody_acknowledged(sue):
    bought(sue, acknowledgement="required")
    return lambda: Redemption.objects.get().status == "cancelled"


def a_coupon_that_nobody_used(sue):
    bought(sue, expires_after_days=2)
    return lambda: Redemption.objects.get().status == "expired"


def a_referral_that_waits(sue):
    box = sue.business
    codes.create(business=box, advocate_id=sue.pk, code="SUES")
    programmes.save(business=box, hold_days=14)
    conversions.convert(business=box, code="SUES", order=conversions.Order(id="1", minor=100, currency="EUR"))
    return lambda: Conversion.objects.get().status == "confirmed"


WAITING = [
    the_end_of_a_period,
    the_end_of_a_membership,
    a_birthday,
    an_old_vote,
    a_redemption_that_nobody_acknowledged,
    a_coupon_that_nobody_used,
    a_referral_that_waits,
]


class TestTheClock:
    @pytest.mark.parametrize("waiting", WAITING)
    def test_does_at_once_what_waits_for_a_day(self, sue, advance, waiting):
        has_come = waiting(sue)
        advance("PT1S")
        assert not has_come()

        for _ in range(3):
            advance("P31D")

        assert has_come()

    def test_wakes_what_there_is(self, sandbox_api):
        """A name that is no task would be refused."""
        assert sandbox_api.post("/test-clock", {"advance": "P1D"}).status_code == 200

    def test_lets_everything_happen_that_is_due_and_nothing_elsewhere(self, acme, advance):
        for business in (acme, acme.sandbox):
            declared.points(business, expiry={"after": "P12M", "warnDays": [30]})
            account = accounts.open_account(business=business)
            ledger.award(business=business, account_id=account.pk, amount=5)

        told = []
        for step in ("P300D", "P50D", "P20D"):
            advance(step)
            told.append(topics(acme.sandbox)[-1])

        assert told == ["points/earned", "points/expiring", "points/expired"]
        assert topics(acme) == ["points/earned"]

    def test_that_jumps_over_the_warning_shows_it_first(self, acme, advance):
        declared.points(acme.sandbox, expiry={"after": "P12M", "warnDays": [30, 7]})
        account = accounts.open_account(business=acme.sandbox)
        ledger.award(business=acme.sandbox, account_id=account.pk, amount=5)

        advance("P400D")
        assert topics(acme.sandbox) == ["points/earned", "points/expiring"]

        advance("P2D")
        assert topics(acme.sandbox) == ["points/earned", "points/expiring", "points/expired"]

    def test_works_for_a_silence(self, acme, advance):
        declared.points(acme.sandbox, expiry={"after": "P30D", "basis": "inactivity"})
        account = accounts.open_account(business=acme.sandbox)
        ledger.award(business=acme.sandbox, account_id=account.pk, amount=5)

        advance("P31D")

        assert topics(acme.sandbox) == ["points/earned", "points/expired"]
