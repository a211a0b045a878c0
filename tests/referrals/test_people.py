"""What referrals hold of a person: exported, erased, moved to another and back."""

from datetime import timedelta

import pytest

from advocates.models import Advocate
from loyalty.kernel import clock
from loyalty.services import personal_data
from referrals.models import Click, Conversion, Referral, ReferralCode
from referrals.services import codes, programmes, retention

pytestmark = pytest.mark.django_db

NAMES = {"referralVisits", "referralCodes", "broughtBy", "referredOrders", "ordersAsFriend"}
SEEN = {"visitor_id": "v-1", "address": "203.0.113.7", "agent": "Phone/1.0"}


def holders():
    return {holder.name: holder for holder in personal_data.holders() if holder.name in NAMES}


def erase(person):
    personal_data.erase(business=person.business, account_ids=[person.pk])


def move(source, target, only=None):
    return {
        name: holder.move(source.business, source.pk, target.pk, only and only[name])
        for name, holder in holders().items()
    }


def columns(model, *names):
    return list(model._default_manager.order_by("pk").values_list(*names))


@pytest.fixture
def visited(api, adas, order):
    """Charles came by Ada's code, and ordered."""
    visit = {"code": "ADA-1815", "visitorId": "v-1", "clientIp": SEEN["address"], "userAgent": SEEN["agent"]}
    api.post("/referrals/track", {**visit, "landingUrl": "https://shop.example/sale"})
    friend = order("1001", email="charles@example.com", **SEEN).conversion.friend
    assert friend
    return friend


class TestExport:
    def test_shows_both_sides_what_is_held_of_them(self, acme, ada, visited):
        shown = {name: holder.export(acme, visited.pk) for name, holder in holders().items()}
        adas = {name: holder.export(acme, ada.pk) for name, holder in holders().items()}

        assert shown["referralVisits"][0]["landing"] == "https://shop.example/sale"
        assert shown["ordersAsFriend"][0]["friendEmail"] == "charles@example.com"
        assert len(shown["broughtBy"]) == 1
        assert adas["referralCodes"][0]["code"] == "ADA-1815"
        assert adas["referredOrders"][0]["orderId"] == "1001"

    def test_shows_nothing_of_another_business(self, rival, ada, visited):
        for person in (ada, visited):
            assert not any(holder.export(rival, person.pk) for holder in holders().values())


class TestErase:
    def test_of_a_friend_clears_texts_and_hints_and_keeps_the_numbers(self, visited):
        erase(visited)

        kept = Conversion.objects.get()
        assert (kept.friend_email, kept.email_hash, kept.visitor_hash, kept.address_hash) == ("", None, None, None)
        assert (kept.order_id, kept.order_minor, kept.points, kept.friend_id) == ("1001", 4200, 200, visited.pk)
        visit = Click.objects.get()
        assert (bytes(visit.visitor_hash), visit.address_hash, visit.landing) == (visit.pk.bytes, None, "")

    def test_of_a_referrer_makes_a_chosen_code_say_nothing(self, acme, ada, visited):
        made = codes.create(business=acme, advocate_id=ada.pk)

        erase(ada)

        left = set(ReferralCode.objects.values_list("code", flat=True))
        assert made.code in left
        assert not any("ADA" in code for code in left - {made.code})

    def test_of_somebody_in_another_business_changes_nothing(self, eve, visited):
        before = columns(Conversion, "friend_email", "visitor_hash")

        erase(eve)

        assert columns(Conversion, "friend_email", "visitor_hash") == before


class TestMove:
    def test_takes_codes_and_orders_along_and_back(self, ada, bob, visited):
        before = (columns(ReferralCode, "advocate_id", "is_default"), columns(Conversion, "referrer_id"))

        moved = move(ada, bob)

        assert columns(ReferralCode, "advocate_id", "is_default") == [(bob.pk, True)]
        assert columns(Conversion, "referrer_id") == [(bob.pk,)]
        move(bob, ada, moved)
        assert (columns(ReferralCode, "advocate_id", "is_default"), columns(Conversion, "referrer_id")) == before

    def test_leaves_one_default(self, acme, ada, bob, adas):
        codes.create(business=acme, advocate_id=bob.pk, code="BOBS")

        moved = move(ada, bob)

        assert columns(ReferralCode, "code", "advocate_id", "is_default") == [
            ("ADA-1815", bob.pk, False),
            ("BOBS", bob.pk, True),
        ]
        move(bob, ada, moved)
        assert ReferralCode.objects.filter(is_default=True).count() == 2

    def test_of_a_friend_who_was_brought_leaves_one_who_was_too(self, acme, api, adas, visited):
        other = api.post("/advocates", {"email": "dora@example.com", "referralCode": "ADA-1815"}).json()["advocate"]
        dora = Advocate.objects.for_business(acme).get(pk=other["id"])

        move(visited, dora)

        assert Referral.objects.count() == 2
        assert Conversion.objects.get().friend_id == dora.pk


class TestRetention:
    def test_forgets_hints_and_names_after_ninety_days(self, visited):
        assert retention.purge() == 0

        with clock.moved_to(clock.wall() + timedelta(days=91)):
            assert (retention.purge(), retention.purge()) == (2, 0)

        kept = Conversion.objects.get()
        assert (kept.friend_email, kept.visitor_hash, kept.agent_hash) == ("", None, None)
        assert Click.objects.get().address_hash is None

    def test_keeps_what_somebody_has_yet_to_decide(self, acme, adas, order):
        programmes.save(business=acme, hold_days=365)
        order("1", email="charles@example.com")

        with clock.moved_to(clock.wall() + timedelta(days=91)):
            retention.purge()

        assert Conversion.objects.get().friend_email == "charles@example.com"
