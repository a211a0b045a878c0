"""Recipients who do not claim a gift card are reminded of it, each time once."""

from datetime import timedelta

import pytest

from loyalty.kernel import clock
from loyalty.services import businesses
from rewards.models import GiftCard, GiftMessage
from rewards.services import (
    gift_letters,
    gift_messages,
    gift_policies,
    gift_sending,
    gift_unclaimed,
)
from tests.rewards.gifts.conftest import body, claim, open_gifts, open_link

pytestmark = pytest.mark.django_db

ADA, PHONE = "ada@example.com", "+4915112345678"


class TestReminder:
    def test_is_sent_to_nobody_without_a_policy(self, card, after, mailoutbox):
        after(days=1000)

        assert len(mailoutbox) == 1

    def test_goes_out_when_it_is_due_so_often_and_no_more(self, policy, card, after, mailoutbox):
        policy(give_back_after_days=None)
        counts = []

        for days in (6, 7, 8, 13, 14, 15, 21, 400):
            after(days=days)
            counts.append(len(mailoutbox) - 1)

        assert counts == [0, 1, 1, 1, 2, 2, 2, 2]
        assert [mail.subject for mail in mailoutbox[1:]] == ["A reminder: A gift from Acme Coffee"] * 2
        assert not any("goes back" in mail.body for mail in mailoutbox)
        assert len({mail.extra_headers["Message-ID"] for mail in mailoutbox}) == 3
        assert all(gift_letters.claim_link(card) in mail.body for mail in mailoutbox)
        occasions = GiftMessage.objects.order_by("number").values_list("occasion", "status")
        assert list(occasions) == [("order", "sent"), ("reminder", "sent"), ("reminder", "sent")]

    def test_comes_one_at_a_time_where_the_policy_came_late(self, policy, card, after, mailoutbox):
        policy(give_back_after_days=None)

        after(days=100)
        assert len(mailoutbox) == 2
        after(days=107)
        assert len(mailoutbox) == 3

    def test_goes_on_while_the_card_is_looked_at_and_ends_when_its_code_is_shown(
        self, policy, card, after, mailoutbox
    ):
        policy(most_reminders=5, give_back_after_days=None)
        after(days=7)
        open_link(card)
        after(days=14)
        card.refresh_from_db()
        assert (len(mailoutbox), card.status) == (3, "Viewed")

        claim(card)
        after(days=21)

        assert len(mailoutbox) == 3

    def test_is_not_sent_if_the_code_is_shown_just_before(self, policy, card, mailoutbox):
        policy()
        with clock.moved_to(clock.wall() + timedelta(days=8)):
            gift_unclaimed.follow_up()
            claim(card)
            gift_sending.send_due()

        card.refresh_from_db()
        assert (len(mailoutbox), card.status, card.deliver_at) == (1, "Claimed", None)

    @pytest.mark.parametrize("is_opened", [False, True])
    def test_is_for_nobody_who_could_not_be_reached(self, policy, card, after, mailoutbox, is_opened):
        policy()
        gift_messages.hear(gift_messages.key_of(card), channel="email", status="bounced")
        if is_opened:  # whoever ordered handed the link on
            open_link(card)

        after(days=8)

        assert len(mailoutbox) == 1

    def test_that_bounces_goes_another_way(self, policy, order, after, settings, tmp_path, mailoutbox):
        settings.SMS_DIR = str(tmp_path)
        policy()
        card = GiftCard.objects.get(order=order(type="DigitalDelivery", email=ADA, sms=PHONE))
        gift_sending.send_due()
        after(days=7)
        card.refresh_from_db()

        gift_messages.hear(gift_messages.key_of(card), channel="email", status="bounced")
        gift_sending.send_due()

        assert len(list(tmp_path.iterdir())) == 1

    def test_is_not_for_links_that_were_handed_out(self, policy, order, after, mailoutbox):
        policy()
        order()
        gift_sending.send_due()

        after(days=8)

        assert mailoutbox == []

    def test_follows_the_sandboxs_own_clock(self, acme):
        sandbox = acme.sandbox
        gift_policies.save(business=sandbox, remind_after_days=7)
        open_gifts(sandbox).post("/Orders", body())
        gift_sending.send_due()
        gift_unclaimed.follow_up()
        assert GiftCard.objects.get().reminders == 0

        businesses.move_clock(business=sandbox, to=clock.now(sandbox) + timedelta(days=8))
        gift_unclaimed.follow_up()

        assert GiftCard.objects.get().reminders == 1
