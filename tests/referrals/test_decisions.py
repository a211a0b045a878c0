"""What an operator, or time, makes of a conversion."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F

from advocates.models import Advocate
from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from loyalty.models import Account
from loyalty.services import accounts, businesses, ledger
from referrals.models import Conversion, Referral
from referrals.services import codes, conversions, decisions, friends, programmes
from tests.races import at_once, just_after
from tests.referrals.conftest import points_of

pytestmark = pytest.mark.django_db

CHARLES = "charles@example.com"


@pytest.fixture
def held(adas, order):
    """Charles orders from where another friend did."""
    order("1", email="other@example.com", address="203.0.113.7")
    return order("2", email=CHARLES, address="203.0.113.7").conversion


@pytest.fixture
def confirmed(adas, order):
    return order("1", email=CHARLES).conversion


def charles(acme):
    return Advocate.objects.for_business(acme).with_email(CHARLES).first()


class TestApprove:
    def test_refuses_what_another_business_holds(self, rival, held):
        with pytest.raises(NotFound):
            decisions.approve(business=rival, conversion_id=held.pk)

    def test_refuses_what_nobody_has(self, acme):
        with pytest.raises(NotFound):
            decisions.approve(business=acme, conversion_id=uuid4())

    def test_refuses_what_is_paid(self, acme, confirmed):
        with pytest.raises(decisions.AlreadyDecided):
            decisions.approve(business=acme, conversion_id=confirmed.pk)

    def test_pays_both_sides_as_was_promised_then(self, acme, ada, held):
        programmes.save(business=acme, referrer=[], friend=[])

        decisions.approve(business=acme, conversion_id=held.pk)

        held.refresh_from_db()
        assert (held.status, held.reason, held.points) == ("confirmed", "", 200)
        assert (points_of(ada), points_of(charles(acme))) == (400, 100)
        assert Referral.objects.filter(friend=charles(acme)).exists()

    def test_finds_a_friend_who_has_joined_since(self, acme, held):
        joined = advocates.create(business=acme, email=CHARLES)

        decisions.approve(business=acme, conversion_id=held.pk)

        assert points_of(joined) == 100

    def test_pays_what_was_rejected(self, acme, ada, held):
        decisions.reject(business=acme, conversion_id=held.pk)

        decisions.approve(business=acme, conversion_id=held.pk)

        assert points_of(ada) == 400

    def test_leaves_all_as_it_was_when_somebody_cannot_be_paid(self, acme, ada, held):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        with pytest.raises(ledger.AccountNotActive):
            decisions.approve(business=acme, conversion_id=held.pk)

        held.refresh_from_db()
        assert (held.status, charles(acme)) == ("held", None)


class TestReject:
    def test_refuses_what_is_paid(self, acme, confirmed):
        with pytest.raises(decisions.AlreadyDecided):
            decisions.reject(business=acme, conversion_id=confirmed.pk)

    def test_pays_nobody_and_says_why(self, acme, ada, held):
        decisions.reject(business=acme, conversion_id=held.pk, note="A known trick")

        held.refresh_from_db()
        assert (held.status, held.reason, held.note) == ("rejected", "by_operator", "A known trick")
        assert (points_of(ada), charles(acme)) == (200, None)


class TestReverse:
    def test_refuses_what_is_not_paid(self, acme, held):
        with pytest.raises(decisions.AlreadyDecided):
            decisions.reverse(business=acme, conversion_id=held.pk)

    def test_takes_back_from_both_sides_once(self, acme, ada, confirmed):
        decisions.reverse(business=acme, conversion_id=confirmed.pk)

        assert (points_of(ada), points_of(charles(acme))) == (0, 0)
        with pytest.raises(decisions.AlreadyDecided):
            decisions.reverse(business=acme, conversion_id=confirmed.pk)

    def test_takes_nothing_when_one_of_them_has_spent_it(self, acme, ada, confirmed):
        ledger.spend(business=acme, account_id=charles(acme).pk, amount=1)

        with pytest.raises(ledger.InsufficientPoints):
            decisions.reverse(business=acme, conversion_id=confirmed.pk)

        confirmed.refresh_from_db()
        assert (confirmed.status, points_of(ada)) == ("confirmed", 200)

    def test_leaves_the_order_converted_for_ever(self, acme, ada, order, confirmed):
        decisions.reverse(business=acme, conversion_id=confirmed.pk)

        assert (order("1", email=CHARLES).is_repeat, points_of(ada)) == (True, 0)


class TestDaysOfWaiting:
    @pytest.fixture
    def waiting(self, acme, adas, order):
        programmes.save(business=acme, hold_days=14)
        return order("1", email=CHARLES).conversion

    def test_hold_the_order_until_they_are_over(self, ada, waiting):
        assert (waiting.status, waiting.reason) == ("held", "waiting")
        with clock.moved_to(clock.wall() + timedelta(days=13)):
            assert decisions.release_due() == 0

        with clock.moved_to(clock.wall() + timedelta(days=15)):
            assert (decisions.release_due(), decisions.release_due()) == (1, 0)
        assert points_of(ada) == 200

    def test_pass_in_a_sandbox_with_its_clock(self, acme):
        box = acme.sandbox
        sue = advocates.create(business=box, email="sue@example.com")
        codes.create(business=box, advocate_id=sue.pk, code="SUES")
        programmes.save(business=box, hold_days=14)
        conversions.convert(business=box, code="SUES", order=conversions.Order(id="1", minor=100, currency="EUR"))

        businesses.move_clock(business=box, to=clock.now(box) + timedelta(days=15))

        assert (decisions.release_due(), points_of(sue)) == (1, 200)

    @pytest.mark.breaks_the_books
    def test_end_for_all_but_whom_it_fails_at(self, acme, ada, bob, waiting, order):
        codes.create(business=acme, advocate_id=bob.pk, code="BOBS")
        order("2", email="grace@example.com", code="BOBS")
        Account.objects.filter(pk=ada.pk).update(event_sequence=F("event_sequence") - 1)

        with clock.moved_to(clock.wall() + timedelta(days=15)):
            assert [decisions.release_due(), decisions.release_due()] == [1, 0]
        assert (points_of(ada), points_of(bob)) == (0, 200)

    def test_end_in_the_queue_when_somebody_cannot_be_paid(self, acme, ada, waiting):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        with clock.moved_to(clock.wall() + timedelta(days=15)):
            assert decisions.release_due() == 0

        waiting.refresh_from_db()
        assert (waiting.status, waiting.reason, waiting.due_at) == ("held", "not_payable", None)

    def test_do_not_hold_up_what_is_suspect(self, acme, waiting, order):
        suspect = order("2", email="charles+2@example.com").conversion

        assert (suspect.reason, suspect.due_at) == ("same_email", None)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_twenty_approvals_pay_once(self, acme, ada, held):
        results = at_once(20, lambda _: decisions.approve(business=acme, conversion_id=held.pk))

        assert sum(isinstance(result, Conversion) for result in results) == 1
        assert points_of(ada) == 400

    def test_approvals_and_rejections_decide_once(self, acme, ada, held):
        decide = (decisions.approve, decisions.reject)

        at_once(20, lambda number: decide[number % 2](business=acme, conversion_id=held.pk))

        held.refresh_from_db()
        assert points_of(ada) == (400 if held.status == "confirmed" else 200)

    def test_twenty_reversals_take_back_once(self, acme, ada, confirmed):
        results = at_once(20, lambda _: decisions.reverse(business=acme, conversion_id=confirmed.pk))

        assert sum(isinstance(result, Conversion) for result in results) == 1
        assert points_of(ada) == 0

    def test_two_sweeps_pay_once(self, acme, ada, adas, order):
        programmes.save(business=acme, hold_days=1)
        for number in range(5):
            order(str(number), email=f"f{number}@example.com")
        later = clock.wall() + timedelta(days=2)

        def sweep(_):
            with clock.moved_to(later):
                return decisions.release_due()

        assert (sum(at_once(4, sweep)), points_of(ada)) == (5, 1000)


@pytest.mark.django_db(transaction=True)
class TestAFriendWhoJoinsJustThen:
    @pytest.fixture(autouse=True)
    def joins(self, acme, held, monkeypatch):
        just_after(monkeypatch, friends, "find", lambda: advocates.create(business=acme, email=CHARLES))

    def test_is_found_by_who_approves(self, acme, held):
        decisions.approve(business=acme, conversion_id=held.pk)

        assert points_of(charles(acme)) == 100

    def test_is_found_when_it_falls_due(self, acme, held):
        Conversion.objects.filter(pk=held.pk).update(due_at=clock.now(acme))

        assert decisions.release_due() == 1
        assert points_of(charles(acme)) == 100
