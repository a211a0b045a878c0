"""Gift cards on a member's own page: those that they redeemed, were given, or are still owed."""

from decimal import Decimal

import pytest

from advocates.services import advocates
from loyalty.services import benefits, ledger
from loyalty.services.kinds.benefits.base import Occasion
from rewards.models import GiftCard
from rewards.services import gift_letters, gift_products, redemptions
from tests import cast
from tests.rewards.gifts.conftest import fund
from tests.widget.conftest import Visitor, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _has_a_deposit(acme):
    gift_products.load_starters(business=acme)
    fund(acme, 30_00)


@pytest.fixture
def card(offer):
    return offer(name="Store card", type="gift_card", gift_product_key="STORE-CARD", value=Decimal(20))


def promise(person, source="q1"):
    occasion = Occasion(source=ledger.Source("quest", source), action="quest")
    said = [{"kind": "gift_card", "product": "CVS", "value": "15.00"}]
    benefits.give(said, business=person.business, account_id=person.pk, occasion=occasion)


def link():
    return gift_letters.claim_link(GiftCard.objects.get())


class TestRedeem:
    def test_is_refused_in_plain_words_when_the_deposit_is_short(self, ada, bob, give, card, visitor):
        give(ada, 100)
        promise(bob)

        assert "Not to be had just now" in visitor.get("rewards").text
        response = visitor.redeem(card)

        assert (response.status_code, "Your points are untouched" in response.text) == (422, True)

    def test_shows_the_link_at_once_and_among_the_coupons(self, ada, give, card, visitor):
        give(ada, 100)

        response = visitor.redeem(card)

        assert link() in response.text
        assert link() in visitor.get("coupons").text

    def test_shows_it_to_nobody_else(self, ada, bob, give, card, visitor):
        give(ada, 100)
        visitor.redeem(card)

        assert "/g/" not in Visitor(token_of(bob)).get("coupons").text

    def test_shows_no_link_that_opens_nothing(self, acme, ada, give, card, visitor):
        give(ada, 100)
        redemption = redemptions.redeem(business=acme, reward_id=card.pk, advocate_id=ada.pk)
        redemptions.cancel(business=acme, redemption_id=redemption.pk)

        assert "/g/" not in visitor.get("coupons").text

    def test_tells_the_app_of_its_owner(self, acme, ada, give, card):
        give(ada, 100)
        redemption = redemptions.redeem(business=acme, reward_id=card.pk, advocate_id=ada.pk)
        app = cast.ApiClient({"Authorization": f"Bearer {token_of(ada)}"}, base="/api/loyalty")

        assert app.get(f"/coupons/{redemption.pk}").json()["data"]["link"] == link()


class TestGiven:
    def test_shows_a_card_for_a_quest(self, ada, visitor):
        promise(ada)

        text = visitor.get("coupons").text
        assert link() in text
        assert "Example gift card" in text

    def test_shows_what_is_owed_without_a_link(self, acme, ada, bob, visitor):
        promise(bob)
        promise(bob, "q2")
        promise(ada, "q3")

        text = visitor.get("coupons").text

        assert ("On its way" in text, "/g/" in text) == (True, False)

    def test_shows_a_link_to_who_has_no_address(self, acme):
        guest = advocates.create(business=acme, external_id="guest-1")
        promise(guest)

        assert link() in Visitor(token_of(guest)).get("coupons").text
