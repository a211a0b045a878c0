"""Whoever was sent a card can be forgotten: everywhere they were written down, and nobody else."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from loyalty.kernel import clock
from rewards.models import Code, GiftCard, GiftLine, GiftOrder, GiftPurchase
from rewards.services import (
    gift_buying,
    gift_cards,
    gift_messages,
    gift_orders,
    gift_policies,
    gift_recipients,
    gift_sending,
)
from rewards.services.gift_recipients import StillAtWork
from tests import dashboards
from tests.rewards.gifts.conftest import assert_refused, available

pytestmark = pytest.mark.django_db

ADA, PHONE = "ada@example.com", "+4915112345678"
BOOK = {"type": "DigitalDelivery", "product": "BOOKS", "email": ADA}


@pytest.fixture
def erase(acme):
    def forget(card):
        lines = gift_recipients.lines_of(card.line).values_list("pk", flat=True)
        gift_recipients.erase(business=acme, line_ids=list(lines))
        card.refresh_from_db()

    return forget


@pytest.fixture
def send(order):
    def run(**said):
        placed = order(type="DigitalDelivery", **said)
        gift_sending.send_due()
        return GiftCard.objects.select_related("line").get(order=placed)

    return run


class TestIsRefused:
    def test_while_a_worker_makes_the_cards(self, acme, order):
        placed = order(type="DigitalDelivery", email=ADA, quantity=12)

        with pytest.raises(StillAtWork):
            gift_recipients.erase(business=acme, line_ids=[placed.lines.get().pk])

    def test_while_a_message_is_being_sent(self, order, erase):
        card = GiftCard.objects.select_related("line").get(order=order(type="DigitalDelivery", email=ADA))
        assert gift_sending._claimed()

        with pytest.raises(StillAtWork):
            erase(card)

        assert card.line.email == ADA

    def test_while_a_provider_is_asked_for_the_code(self, acme, books, order, erase, remote):
        card = GiftCard.objects.select_related("line").get(order=order(**BOOK))
        assert gift_buying._claimed()

        with pytest.raises(StillAtWork):
            erase(card)

        assert (card.line.email, available(acme)) == (ADA, 980_00)

    def test_to_managers(self, acme, send):
        card = send(email=ADA)

        manager = dashboards.works_for(acme, dashboards.Role.MANAGER)

        assert manager.post(dashboards.page(card, "erase")).status_code == 403
        assert not GiftLine.objects.exclude(erased_at=None).exists()


class TestErasing:
    def test_finds_them_by_their_address_or_their_number(self, send, erase):
        both = send(email=ADA, sms=PHONE)
        by_mail, by_phone, other = send(email=ADA), send(sms=PHONE), send(email="bob@example.com")

        erase(both)

        for card in (by_mail, by_phone, other):
            card.line.refresh_from_db()
        assert (by_mail.line.email, by_phone.line.sms, other.line.email) == ("", "", "bob@example.com")

    def test_gives_back_what_has_not_left(self, acme, vault, order, erase):
        later = clock.wall() + timedelta(days=3)
        placed = order(
            type="DigitalDelivery", email=ADA, product="CINEMA", value=Decimal(25), deliver_at=later, quantity=2
        )

        erase(GiftCard.objects.select_related("line").filter(order=placed).first())

        assert set(GiftCard.objects.values_list("status", flat=True)) == {"Failed"}
        assert GiftOrder.objects.get().status == "Failed"
        assert available(acme) == 1_000_00
        assert Code.objects.filter(card=None).count() == 3

    def test_buys_no_code_any_more(self, acme, books, order, erase, remote):
        card = GiftCard.objects.select_related("line").get(order=order(**BOOK))

        erase(card)
        gift_buying.buy_due()

        card.refresh_from_db()
        assert (remote.asked, card.status, card.deliver_at) == ([], "Failed", None)
        assert (GiftPurchase.objects.count(), available(acme)) == (0, 1_000_00)

    def test_leaves_what_was_bought_for_a_later_day_to_whoever_ordered_it(self, acme, books, order, erase):
        later = clock.wall() + timedelta(days=3)
        placed = order(**BOOK, deliver_at=later)
        card = GiftCard.objects.select_related("line").get(order=placed)
        gift_buying.buy_due()

        erase(card)

        placed.refresh_from_db()
        assert (card.status, card.deliver_at, available(acme)) == ("Bounced", None, 980_00)
        assert (placed.status, placed.completed_at is None) == ("PartiallyFailed", False)
        with clock.moved_to(later + timedelta(minutes=1)):
            assert "REMOTE-1" in Client().post(f"/g/{gift_cards.token_of(card)}").content.decode()

    def test_leaves_a_card_to_whoever_redeemed_a_part_of_it_before_it_was_sent(self, acme, order, erase):
        placed = order(type="DigitalDelivery", email=ADA)
        card = GiftCard.objects.select_related("business", "line").get(order=placed)
        code = gift_cards.look_at_code(card)
        gift_cards.redeem(business=acme, code=code, amount=Decimal(5))

        erase(card)

        assert (card.status, card.deliver_at, available(acme)) == ("Claimed", None, 980_00)
        assert gift_cards.balance(business=acme, code=code).balance_minor == 15_00
        assert GiftOrder.objects.get().status == "Completed"

    def test_leaves_a_card_that_was_sent_to_whoever_has_its_link(self, acme, gifts, send, erase):
        card = send(email=ADA)

        erase(card)

        assert card.status == "Sent"
        assert gift_cards.balance(business=acme, code=gift_cards.look_at_code(card)).balance_minor == 20_00

    def test_ends_all_further_messages(self, acme, gifts, send, erase, mailoutbox):
        gift_policies.save(business=acme, remind_after_days=1)
        card = send(email=ADA, sms=PHONE)
        key = gift_messages.key_of(card)
        gift_cards.resend(business=acme, order_id=card.order_id, card_id=card.pk)

        erase(card)
        gift_messages.hear(key, channel="email", status="bounced")
        with clock.moved_to(clock.wall() + timedelta(days=9)):
            gift_sending.send_due()

        assert len(mailoutbox) == 1
        card.refresh_from_db()
        assert card.status == "Sent"
        assert_refused(gifts.post(f"/Orders/{card.order_id}/Cards/{card.pk}/Resend"), 409, "CONFLICT")

    def test_shows_in_the_dashboard_and_is_asked_once(self, acme, send):
        card, olga = send(email=ADA), dashboards.works_for(acme)
        assert "Order lines for them: 1." in dashboards.text_of(olga.get(dashboards.page(card, "erase")))

        olga.post(dashboards.page(card, "erase"))

        shown = dashboards.text_of(olga.get(dashboards.page(card)))
        assert "Erased" in shown
        assert ADA not in shown
        assert olga.get(dashboards.page(card, "erase")).status_code == 403

    def test_spares_a_rivals_recipient(self, rival, acme, send):
        card = send(email=ADA)

        gift_recipients.erase(business=rival, line_ids=[card.line_id])

        assert GiftLine.objects.get().email == ADA


def test_an_erased_order_goes_on_filling_nothing(acme, send, erase):
    erase(send(email=ADA))

    gift_orders.fill_waiting()

    assert GiftCard.objects.count() == 1
