"""Rewards of the type `gift_card`: points for a card, which the deposit pays for, and back."""

import pytest
from django.core import mail

from advocates.services import advocates
from loyalty.models import Event
from loyalty.selectors import ledger as wallets
from loyalty.services import merges, personal_data, programme
from rewards.models import GiftCard, GiftLine, GiftOrder, Redemption, Reward
from rewards.selectors import described
from rewards.services import gift_claims, gift_letters, gift_orders, gift_products, gift_sending, redemptions, steps
from tests.races import at_once
from tests.refusals import assert_refused
from tests.rewards.gifts.conftest import available

pytestmark = pytest.mark.django_db

CARD = {"name": "Store card", "type": "gift_card", "giftProductKey": "STORE-CARD", "value": "20.00", "pointsCost": 100}


@pytest.fixture(autouse=True)
def _sells_gifts(gifts):
    """Every test has a deposit of 1,000.00 and the products of a new business."""


@pytest.fixture
def card(api):
    return Reward.objects.get(pk=api.post("/rewards", CARD).json()["reward"]["id"])


@pytest.fixture
def rich_ada(ada, give):
    give(ada, 1_000)
    return ada


def redeem(reward, person, **rest):
    return redemptions.redeem(business=reward.business, reward_id=reward.pk, advocate_id=person.pk, **rest)


def points_of(person):
    return wallets.wallets(business=person.business, account_ids=[person.pk])[person.pk].amount


def link_of(redemption):
    card = GiftCard.objects.get(order__source_id=str(redemption.pk))
    return gift_letters.claim_link(card)


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "code", "field", "status"),
        [
            ({"giftProductKey": None}, "VALIDATION_ERROR", "giftProductKey", 400),
            ({"giftProductKey": "TEA"}, "NOT_FOUND", "giftProductKey", 404),
            ({"giftProductKey": "STORE-CARD-POST", "value": "25.00"}, "VALIDATION_ERROR", "giftProductKey", 400),
            ({"value": None}, "VALIDATION_ERROR", "value", 400),
            ({"value": "0.50"}, "VALIDATION_ERROR", "value", 400),
            ({"value": "500.01"}, "VALIDATION_ERROR", "value", 400),
            ({"currency": "USD"}, "VALIDATION_ERROR", "currency", 400),
            ({"increments": {"min": 100, "max": 5_000, "step": 100}}, "VALIDATION_ERROR", "value", 400),
            ({"type": "custom"}, "VALIDATION_ERROR", "giftProductKey", 400),
        ],
    )
    def test_what_makes_no_sense(self, api, said, code, field, status):
        assert_refused(api.post("/rewards", CARD | said), code, field, status=status)
        assert not Reward.objects.exists()

    def test_a_product_of_another_business(self, rival_api):
        assert_refused(rival_api.post("/rewards", CARD), "NOT_FOUND", "giftProductKey", status=404)

    def test_increments_of_fixed_denominations(self, api, vault):
        body = CARD | {
            "giftProductKey": "CINEMA",
            "value": "25.00",
            "increments": {"min": 100, "max": 200, "step": 100},
        }

        assert_refused(api.post("/rewards", body), "VALIDATION_ERROR", "increments")

    def test_what_the_deposit_does_not_cover_and_says_so_in_the_list(self, api, acme, card, rich_ada):
        api.patch(f"/rewards/{card.pk}", {"value": "400.00"})
        redeem(card, rich_ada)
        redeem(card, rich_ada)

        (shown,) = api.get("/rewards", advocateId=str(rich_ada.pk)).json()["rewards"]
        response = api.post(f"/rewards/{card.pk}/redeem", {"advocateId": str(rich_ada.pk)})

        assert (shown["eligible"], shown["reason"]) == (False, "INSUFFICIENT_FUNDS")
        assert_refused(response, "INSUFFICIENT_FUNDS", None, status=422)
        assert (points_of(rich_ada), Redemption.objects.count(), GiftOrder.objects.count()) == (800, 2, 2)
        assert available(acme) == 200_00

    def test_what_somebody_else_paid_with_a_moment_ago(self, api, acme, card, rich_ada, monkeypatch):
        """The list said that the deposit covers it, and then it did not: points and stock are undone."""
        monkeypatch.setattr("rewards.services.gift_funds._take", lambda *_: False)

        response = api.post(f"/rewards/{card.pk}/redeem", {"advocateId": str(rich_ada.pk)})

        assert_refused(response, "INSUFFICIENT_FUNDS", None, status=422)
        assert (points_of(rich_ada), Redemption.objects.count(), available(acme)) == (1_000, 0, 1_000_00)

    def test_when_uploaded_codes_have_run_out_and_says_so_in_the_list(self, api, vault, rich_ada):
        body = CARD | {"giftProductKey": "CINEMA", "value": "25.00"}
        cinema = Reward.objects.get(pk=api.post("/rewards", body).json()["reward"]["id"])
        for _ in range(3):
            redeem(cinema, rich_ada)

        (shown,) = api.get("/rewards", advocateId=str(rich_ada.pk)).json()["rewards"]
        response = api.post(f"/rewards/{cinema.pk}/redeem", {"advocateId": str(rich_ada.pk)})

        assert shown["reason"] == "OUT_OF_STOCK"
        assert_refused(response, "OUT_OF_STOCK", None)
        assert points_of(rich_ada) == 700

    def test_a_product_that_is_gone(self, api, card, rich_ada):
        gift_products.archive(product=card.gift_product, is_archived=True)

        assert_refused(api.post(f"/rewards/{card.pk}/redeem", {"advocateId": str(rich_ada.pk)}), "OUT_OF_STOCK", None)
        assert points_of(rich_ada) == 1_000

    def test_to_cancel_when_the_code_was_shown(self, api, acme, card, rich_ada):
        redemption = redeem(card, rich_ada)
        gift_sending.send_due()
        gift_claims.reveal(link_of(redemption).rpartition("/")[2])

        assert_refused(api.post(f"/redemptions/{redemption.pk}/cancel", {}), "CONFLICT", None, status=409)
        assert (points_of(rich_ada), available(acme)) == (900, 980_00)


class TestRedeem:
    def test_orders_a_card_and_makes_no_coupon(self, api, acme, card, rich_ada):
        response = api.post(f"/rewards/{card.pk}/redeem", {"advocateId": str(rich_ada.pk)})

        redemption = response.json()["redemption"]
        assert (redemption["status"], redemption["couponCode"], redemption["points"]) == ("issued", None, 100)
        assert (points_of(rich_ada), available(acme)) == (900, 980_00)
        order = GiftOrder.objects.get()
        assert (order.type, order.account, order.advocate_id) == ("DigitalDelivery", None, rich_ada.pk)

    def test_mails_it_to_the_address_of_the_person(self, card, rich_ada):
        redemption = redeem(card, rich_ada)

        gift_sending.send_due()

        (letter,) = mail.outbox
        assert letter.to == [rich_ada.email]
        assert link_of(redemption) in letter.body

    def test_makes_a_link_for_who_has_no_address(self, acme, card, give):
        guest = advocates.create(business=acme, external_id="guest-1")
        give(guest, 100)

        redeem(card, guest)
        gift_sending.send_due()

        assert (GiftOrder.objects.get().type, GiftCard.objects.get().status, mail.outbox) == ("Links", "Delivered", [])

    def test_sells_for_as_many_points_as_somebody_likes(self, api, acme, rich_ada):
        body = CARD | {"value": "1.00", "increments": {"min": 200, "max": 5_000, "step": 50}}
        reward_id = api.post("/rewards", body).json()["reward"]["id"]

        api.post(f"/rewards/{reward_id}/redeem", {"advocateId": str(rich_ada.pk), "points": 350})

        assert (GiftLine.objects.get().value_minor, available(acme)) == (3_50, 996_50)

    def test_is_told_with_its_worth(self, acme, card, rich_ada):
        redeem(card, rich_ada)

        event = Event.objects.for_business(acme).get(topic="points/redeemed")
        said = described.describe_redeemed_points(acme, [event])[event.pk]
        assert (said["rewardType"], said["couponCode"]) == ("gift_card", None)
        assert (said["value"], said["currency"]) == ("20.00", "EUR")

    def test_waits_for_approval_and_acknowledgement_before_it_orders(self, api, acme, card, rich_ada):
        api.patch(f"/rewards/{card.pk}", {"approval": True, "acknowledgement": "required"})
        redemption = redeem(card, rich_ada)
        assert not GiftOrder.objects.exists()

        steps.approve(business=acme, redemption_id=redemption.pk)
        assert not GiftOrder.objects.exists()

        steps.acknowledge(business=acme, redemption_id=redemption.pk)
        assert GiftOrder.objects.count() == 1

    def test_waits_on_when_the_deposit_is_short_by_then(self, api, acme, card, rich_ada):
        api.patch(f"/rewards/{card.pk}", {"acknowledgement": "required", "value": "500.00"})
        redemption, *others = [redeem(card, rich_ada) for _ in range(3)]
        for other in others:
            steps.acknowledge(business=acme, redemption_id=other.pk)

        response = api.post(f"/redemptions/{redemption.pk}/acknowledge", {})

        assert_refused(response, "INSUFFICIENT_FUNDS", None, status=422)
        assert api.get(f"/redemptions/{redemption.pk}").json()["redemption"]["status"] == "pending_acknowledgement"

    def test_reads_back_what_it_sends(self, api, card):
        assert api.get(f"/rewards/{card.pk}").json()["reward"]["giftProductKey"] == "STORE-CARD"

    @pytest.mark.django_db(transaction=True)
    def test_never_overdraws_the_deposit_when_many_redeem_at_once(self, api, acme, card, give):
        api.patch(f"/rewards/{card.pk}", {"value": "200.00"})
        crowd = [advocates.create(business=acme, external_id=f"guest-{number}") for number in range(12)]
        for person in crowd:
            give(person, 100)

        results = at_once(12, lambda number: redeem(card, crowd[number]))

        assert [type(result).__name__ for result in results].count("InsufficientFunds") == 7
        assert (available(acme), Redemption.objects.count(), GiftOrder.objects.count()) == (0, 5, 5)
        assert sum(points_of(person) for person in crowd) == 700


class TestCancel:
    @pytest.mark.parametrize("sent", [False, True])
    def test_gives_back_points_and_funds_and_closes_the_link(self, api, acme, card, rich_ada, client, sent):
        redemption = redeem(card, rich_ada)
        link = link_of(redemption)
        if sent:
            gift_sending.send_due()

        api.post(f"/redemptions/{redemption.pk}/cancel", {})

        assert (points_of(rich_ada), available(acme)) == (1_000, 1_000_00)
        assert client.post(link[link.index("/g/") :]).status_code == 404
        assert GiftOrder.objects.get().status == "Cancelled"

    @pytest.mark.django_db(transaction=True)
    def test_and_the_click_on_the_code_are_one_or_the_other(self, acme, card, rich_ada):
        redemption = redeem(card, rich_ada)
        token = link_of(redemption).rpartition("/")[2]
        deeds = [
            lambda: redemptions.cancel(business=acme, redemption_id=redemption.pk),
            lambda: gift_claims.reveal(token),
        ]

        cancelled, claim = at_once(2, lambda number: deeds[number]())

        assert (claim is None) == isinstance(cancelled, Redemption)
        assert isinstance(cancelled, Redemption | gift_orders.CodeShown)


class TestThePerson:
    def test_who_is_merged_takes_the_card_along(self, acme, card, rich_ada, bob):
        redeem(card, rich_ada)

        merges.merge(business=acme, source_id=rich_ada.pk, target_id=bob.pk)

        assert GiftOrder.objects.get().advocate_id == bob.pk

    def test_reads_of_the_card_and_is_forgotten_with_it(self, acme, card, rich_ada):
        redeem(card, rich_ada)

        (said,) = personal_data.export(business=acme, account_id=rich_ada.pk)["giftOrders"]
        personal_data.erase(business=acme, account_ids=[rich_ada.pk])

        line = GiftLine.objects.get()
        assert said["linesEmail"] == "ada@example.com"
        assert (line.email, line.personalization) == ("", {})


def test_is_part_of_the_programme_s_document(acme, card):
    section = programme.sections()["rewards"]
    (item,) = section.export(acme)
    assert item.gift_product == "STORE-CARD"

    section.apply(acme, [item])

    assert section.export(acme) == [item]
