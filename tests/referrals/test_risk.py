"""What is held and what is rejected, and why. Nothing is lost: an operator may pay all of it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from advocates.models import Advocate
from advocates.services import advocates
from loyalty.kernel import clock
from referrals.models import Conversion
from referrals.services import codes, programmes, risk, signals
from tests.referrals.conftest import points_of

pytestmark = pytest.mark.django_db

IP, OTHER_IP = "203.0.113.7", "203.0.113.8"
PHONE, LAPTOP = "Phone/1.0", "Laptop/2.0"


def verdict(outcome):
    return (outcome.conversion.status, outcome.conversion.reason)


@pytest.fixture(autouse=True)
def _code(adas):
    """Ada sends her friends a code."""


class TestSelfReferral:
    @pytest.mark.parametrize(
        "said",
        [{"email": "ada@example.com"}, {"external_id": "ada-1"}, {"external_id": "ada-1", "email": "x@y.example"}],
    )
    def test_is_rejected(self, ada, order, said):
        assert verdict(order("1", **said)) == ("rejected", "self_referral")
        assert points_of(ada) == 0

    @pytest.mark.parametrize("email", ["ada+shop@example.com", "ADA+1@example.com"])
    def test_by_another_spelling_of_the_mailbox_is_held(self, ada, order, email):
        assert verdict(order("1", email=email.lower())) == ("held", "same_email")
        assert (points_of(ada), Advocate.objects.count()) == (0, 1)

    def test_from_the_device_that_got_the_code_is_held(self, acme, ada, order):
        codes.create(business=acme, advocate_id=ada.pk, seen=signals.of(acme, address=IP, agent=PHONE))

        assert verdict(order("1", email="x@example.com", address=IP, agent=PHONE)) == ("held", "same_device")
        assert verdict(order("2", email="y@example.com", address=IP, agent=LAPTOP)) == ("held", "same_address")

    def test_from_the_device_with_which_the_referrer_came_is_held(self, acme, ada, bob, order):
        codes.create(business=acme, advocate_id=bob.pk, code="BOBS")
        order("1", code="BOBS", external_id="ada-1", visitor_id="v-ada")

        assert verdict(order("2", email="x@example.com", visitor_id="v-ada")) == ("held", "same_device")


class TestOneHumanWithManyFaces:
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("c.babbage@gmail.com", "cbabbage+2@googlemail.com"),
            ("charles@example.com", "charles+tea@example.com"),
        ],
    )
    def test_is_held_by_the_mailbox(self, order, first, second):
        assert verdict(order("1", email=first)) == ("confirmed", "")
        assert verdict(order("2", email=second)) == ("held", "same_email")

    def test_is_no_other_where_dots_mean_something(self, order):
        order("1", email="c.babbage@example.com")

        assert verdict(order("2", email="cbabbage@example.com")) == ("confirmed", "")

    @pytest.mark.parametrize(
        ("seen", "reason"),
        [
            ({"visitor_id": "v-1", "address": OTHER_IP, "agent": LAPTOP}, "same_device"),
            ({"visitor_id": "v-2", "address": IP, "agent": PHONE}, "same_device"),
            ({"visitor_id": "v-2", "address": IP, "agent": LAPTOP}, "same_address"),
            ({"address": IP}, "same_address"),
        ],
    )
    def test_is_held_by_the_device(self, order, seen, reason):
        order("1", email="a@example.com", visitor_id="v-1", address=IP, agent=PHONE)

        assert verdict(order("2", email="b@example.com", **seen)) == ("held", reason)

    def test_is_known_by_the_visit_when_the_order_does_not_say(self, api, order):
        for visitor in ("v-1", "v-2"):
            visit = {"code": "ADA-1815", "visitorId": visitor, "clientIp": IP, "userAgent": PHONE}
            api.post("/referrals/track", visit)
        order("1", email="a@example.com", visitor_id="v-1")

        assert verdict(order("2", email="b@example.com", visitor_id="v-2")) == ("held", "same_device")

    def test_is_two_when_only_the_browser_is_alike(self, order):
        order("1", email="a@example.com", address=IP, agent=PHONE)

        assert verdict(order("2", email="b@example.com", address=OTHER_IP, agent=PHONE)) == ("confirmed", "")

    def test_is_one_network_in_ipv6(self, order):
        order("1", email="a@example.com", address="2001:db8:1:2::1")

        assert verdict(order("2", email="b@example.com", address="2001:db8:1:2:ffff::9"))[1] == "same_address"


class TestCircles:
    def test_of_two_are_held(self, acme, ada, bob, order):
        codes.create(business=acme, advocate_id=bob.pk, code="BOBS")
        order("1", external_id="bob-1")

        assert verdict(order("2", code="BOBS", external_id="ada-1")) == ("held", "circular")

    def test_of_three_are_held(self, acme, ada, bob, order):
        cleo = advocates.create(business=acme, email="cleo@example.com", external_id="cleo-1")
        codes.create(business=acme, advocate_id=bob.pk, code="BOBS")
        codes.create(business=acme, advocate_id=cleo.pk, code="CLEOS")
        order("1", external_id="bob-1")
        order("2", code="BOBS", external_id="cleo-1")

        assert verdict(order("3", code="CLEOS", external_id="ada-1")) == ("held", "circular")


class TestLimits:
    @pytest.mark.usefixtures("at_one_moment")
    def test_of_a_month_reject_what_is_over_them(self, acme, order):
        programmes.save(business=acme, per_month=2)

        verdicts = [verdict(order(str(n), email=f"f{n}@example.com")) for n in range(3)]

        assert verdicts == [("confirmed", ""), ("confirmed", ""), ("rejected", "monthly_limit")]

    def test_of_a_month_start_anew_with_the_next(self, acme, order):
        programmes.save(business=acme, per_month=1)
        order("1", email="a@example.com")

        with clock.moved_to(clock.wall() + timedelta(days=32)):
            assert verdict(order("2", email="b@example.com")) == ("confirmed", "")

    def test_of_a_day_hold_what_comes_too_fast(self, order, monkeypatch):
        monkeypatch.setattr(risk, "MOST_A_DAY", 2)

        verdicts = [verdict(order(str(n), email=f"f{n}@example.com")) for n in range(3)]

        assert verdicts == [("confirmed", ""), ("confirmed", ""), ("held", "velocity")]


class TestTheProgramme:
    def test_rejects_a_small_order(self, acme, order):
        programmes.save(business=acme, min_order=Decimal(20))

        assert verdict(order("1", email="a@example.com", minor=1999)) == ("rejected", "below_minimum")
        assert verdict(order("2", email="a@example.com", minor=2000)) == ("confirmed", "")

    def test_holds_what_it_cannot_compare(self, acme, order):
        programmes.save(business=acme, min_order=Decimal(20))

        assert verdict(order("1", email="a@example.com", currency="USD")) == ("held", "other_currency")

    @pytest.mark.parametrize("said", [{"email": "a@example.com"}, {"external_id": "a-1"}, {"visitor_id": "v-1"}])
    def test_pays_for_a_friends_first_order(self, order, said):
        order("1", **said)

        assert verdict(order("2", **said)) == ("rejected", "not_first_order")

    def test_pays_for_every_order_if_it_says_so(self, acme, ada, order):
        programmes.save(business=acme, completion="every_order")

        for number in range(3):
            order(str(number), email="a@example.com")

        assert points_of(ada) == 600

    def test_counts_an_order_that_was_rejected_for_no_first(self, acme, order):
        programmes.save(business=acme, min_order=Decimal(20))
        order("1", email="a@example.com", minor=100)

        assert verdict(order("2", email="a@example.com")) == ("confirmed", "")


class TestRules:
    def test_each_have_a_title(self):
        said = {"programme_paused" if rule is risk.paused else rule.__name__ for rule in risk.RULES}

        assert said <= set(risk.REASONS)

    def test_keep_nothing_in_the_clear(self, order):
        order("1", email="a@example.com", visitor_id="v-secret", address=IP, agent=PHONE)

        kept = str(Conversion.objects.values().get())
        assert not any(text in kept for text in ("v-secret", IP, PHONE))

    def test_tell_nothing_across_businesses(self, acme, rival):
        mine, theirs = (signals.of(each, visitor_id="v-1", address=IP, agent=PHONE) for each in (acme, rival))

        assert not {mine.visitor, mine.address, mine.agent, mine.device} & {
            theirs.visitor,
            theirs.address,
            theirs.agent,
        }
        assert mine.device != theirs.device
