"""Cards that nobody claims are taken back in the end. Whoever claims one keeps it."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from loyalty.kernel import clock, periods
from loyalty.kernel.errors import Invalid
from loyalty.models import Event
from loyalty.selectors import ledger as wallets
from loyalty.services import benefits, businesses, ledger, verification
from loyalty.services.kinds.benefits.base import Occasion
from rewards.models import Code, GiftCard, GiftOrder, GiftPolicy, GiftPosting, GiftProduct
from rewards.services import (
    gift_cards,
    gift_claims,
    gift_letters,
    gift_messages,
    gift_orders,
    gift_policies,
    gift_products,
    gift_sending,
    gift_shipping,
    gift_unclaimed,
    redemptions,
)
from tests import dashboards
from tests.races import at_once, errors
from tests.rewards.gifts.conftest import available, buy_and_send, claim, code_of, links, open_gifts, open_link
from tests.rewards.gifts.test_orders import post

pytestmark = pytest.mark.django_db

ADA, PHONE = "ada@example.com", "+4915112345678"


def is_cancelled(card):
    card.refresh_from_db()
    return card.status == "Cancelled"


class TestPolicyIsRefused:
    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"remind_after_days": 0}, "remindAfterDays"),
            ({"remind_after_days": 4000}, "remindAfterDays"),
            ({"most_reminders": 0}, "mostReminders"),
            ({"most_reminders": 6}, "mostReminders"),
            ({"give_back_after_days": 0}, "giveBackAfterDays"),
            ({"give_back_after_days": 7}, "giveBackAfterDays"),
        ],
    )
    def test_that_makes_no_sense(self, policy, wrong, field):
        with pytest.raises(Invalid) as refusal:
            policy(**wrong)

        assert refusal.value.field == field


class TestTakingBack:
    def test_is_announced_with_the_last_whole_day_in_every_message(self, acme, policy, order, after, mailoutbox):
        policy()
        order(type="DigitalDelivery", email=ADA, personalization={"CultureCode": "de"})
        gift_sending.send_due()
        sent_at = GiftCard.objects.get().sent_at

        after(days=7)

        last = periods.day_of(sent_at + timedelta(days=30), zone=acme.timezone) - timedelta(days=1)
        said = f"bis zum {gift_letters.day_text(last, language='de')}"
        assert [said in mail.body for mail in mailoutbox] == [True, True]
        assert all(said in mail.alternatives[0].content for mail in mailoutbox)

    def test_returns_what_the_card_cost_and_tells_it_once(self, acme, policy, gifts, card, after):
        policy()
        after(days=29)
        assert (is_cancelled(card), available(acme)) == (False, 980_00)

        after(days=30)
        after(days=31)

        assert (is_cancelled(card), available(acme)) == (True, 1_000_00)
        assert [event.facts for event in Event.objects.filter(topic="gift_cards/cancelled")] == [
            {"id": str(card.pk), "orderId": str(card.order_id), "status": "cancelled", "reason": "unclaimed"}
        ]
        assert GiftPosting.objects.filter(source_id=card.pk).count() == 1
        assert open_link(card) == 404
        assert gifts.post("/Cards/Balance", {"Code": code_of(card)}).status_code == 404

    def test_returns_the_price_and_not_more(self, acme, policy, gifts, order, after):
        policy()
        gift_products.create(
            business=acme, key="BOOKS", name="Books", min_minor=100, max_minor=9_000, fee_minor=50, discount_bp=500
        )
        order(product="BOOKS", value=Decimal(20))
        gift_sending.send_due()
        assert available(acme) == 1_000_00 - (20_00 + 50 - 1_00)

        after(days=30)

        assert available(acme) == 1_000_00

    def test_frees_an_uploaded_code(self, policy, vault, order, after):
        policy()
        order(product="CINEMA", value=Decimal(25))
        gift_sending.send_due()

        after(days=30)

        assert Code.objects.filter(card=None).count() == 3

    def test_spares_what_was_claimed_used_or_looked_at(self, acme, policy, order, after):
        policy()
        claimed, used, seen = (GiftCard.objects.get(order=order()) for _ in range(3))
        gift_sending.send_due()
        claim(claimed)
        gift_cards.redeem(business=acme, code=code_of(used), amount=Decimal(1))
        gift_cards.look_at_code(seen)

        after(days=1000)

        assert not any(is_cancelled(card) for card in (claimed, used, seen))
        assert available(acme) == 940_00

    def test_takes_what_was_opened_and_never_claimed(self, acme, policy, card, after):
        policy()
        open_link(card)

        after(days=30)

        assert (is_cancelled(card), available(acme)) == (True, 1_000_00)
        assert Client().post(f"/g/{gift_cards.token_of(card)}").status_code == 404

    def test_leaves_what_was_paid_for_at_a_remote_provider(self, acme, policy, books, order, after):
        policy()
        card = GiftCard.objects.get(order=order(product="BOOKS"))
        buy_and_send()
        GiftProduct.objects.filter(pk=books.pk).update(provider="generated")  # its cards are ours from now on

        after(days=1000)

        assert (is_cancelled(card), available(acme)) == (False, 980_00)
        claim(card)

    def test_takes_links_and_bounced_cards_too(self, acme, policy, card, order, after):
        policy()
        gift_messages.hear(gift_messages.key_of(card), channel="email", status="bounced")
        link = GiftCard.objects.get(order=order())
        gift_sending.send_due()

        after(days=30)

        assert is_cancelled(card)
        assert is_cancelled(link)
        assert available(acme) == 1_000_00

    @pytest.mark.parametrize("product", ["STORE-CARD", "CINEMA"])
    def test_returns_it_once_when_the_redemption_is_cancelled_later(
        self, acme, policy, vault, offer, ada, give, after, product
    ):
        policy()
        reward = offer(name="Card", type="gift_card", gift_product_key=product, value=Decimal(25))
        give(ada, 100)
        redemption = redemptions.redeem(business=acme, reward_id=reward.pk, advocate_id=ada.pk)
        gift_sending.send_due()
        after(days=30)
        assert (GiftCard.objects.get().status, available(acme)) == ("Cancelled", 1_000_00)

        redemptions.cancel(business=acme, redemption_id=redemption.pk)

        assert (GiftOrder.objects.get().status, available(acme)) == ("Cancelled", 1_000_00)
        assert wallets.wallets(business=acme, account_ids=[ada.pk])[ada.pk].amount == 100
        assert verification.verify() == []

    @pytest.mark.parametrize("product", ["STORE-CARD", "CINEMA"])
    def test_returns_it_once_when_what_it_was_given_for_is_undone_later(
        self, acme, policy, vault, ada, after, product
    ):
        policy()
        benefit = [{"kind": "gift_card", "product": product, "value": "25.00"}]
        given = {"business": acme, "account_id": ada.pk}
        given["occasion"] = Occasion(source=ledger.Source("quest", "q1"), action="quest")
        benefits.give(benefit, **given)
        gift_sending.send_due()
        after(days=30)

        benefits.take_back(benefit, **given)

        assert (GiftOrder.objects.get().status, available(acme)) == ("Cancelled", 1_000_00)
        assert verification.verify() == []

    def test_spares_what_somebody_else_saw_of_the_order_when_it_is_taken_back_later(self, acme, policy, order, after):
        policy()
        placed = order(quantity=2)
        gift_sending.send_due()
        seen, _ = GiftCard.objects.order_by("pk")
        gift_claims.reveal(gift_cards.token_of(seen))
        after(days=30)

        with pytest.raises(gift_orders.CodeShown):
            gift_orders.revoke(business=acme, order_id=placed.pk)
        assert available(acme) == 980_00

    def test_counts_the_days_of_links_by_the_sandboxs_own_clock(self, acme):
        sandbox = acme.sandbox
        gifts = open_gifts(sandbox)
        gift_policies.save(business=sandbox, give_back_after_days=30)
        businesses.move_clock(business=sandbox, to=clock.now(sandbox) + timedelta(days=40))
        gifts.post("/Orders", links())
        gift_sending.send_due()
        gift_unclaimed.follow_up()
        card = GiftCard.objects.get()
        assert card.status == "Delivered"
        assert card.sent_at == card.delivered_at >= card.order.created_at

        businesses.move_clock(business=sandbox, to=clock.now(sandbox) + timedelta(days=31))
        gift_unclaimed.follow_up()

        assert is_cancelled(card)

    def test_leaves_paper_alone(self, policy, gifts, after):
        gifts.post("/Orders", post())
        card = GiftCard.objects.get()
        gift_shipping.ship(business=card.business, card_id=card.pk)
        policy()

        after(days=1000)

        assert not is_cancelled(card)

    def test_is_not_for_rivals(self, rival, policy, card, after):
        gift_policies.save(business=rival, give_back_after_days=1)

        after(days=1000)

        assert not is_cancelled(card)


@pytest.mark.django_db(transaction=True)
class TestRace:
    CARDS = 8

    def run(self, acme, policy, order, monkeypatch):
        """Claim all cards, of which half were opened before, while they are taken back. How many codes were shown, and
        how many were paid back.
        """
        policy()
        order(quantity=self.CARDS)
        gift_sending.send_due()
        tokens = [gift_cards.token_of(card) for card in GiftCard.objects.all()]
        for token in tokens[::2]:
            gift_claims.open_link(token)
        give_back, later = gift_unclaimed._give_back, clock.wall() + timedelta(days=31)

        def slowly(*args, **said):
            time.sleep(0.3)
            give_back(*args, **said)

        monkeypatch.setattr(gift_unclaimed, "_give_back", slowly)

        def work(number):
            with clock.moved_to(later):
                if number == self.CARDS:
                    return gift_unclaimed.follow_up()
                time.sleep(0.05 * number)
                return gift_claims.reveal(tokens[number])

        results = at_once(self.CARDS + 1, work)
        assert errors(results) == []
        return sum(claim is not None for claim in results), (available(acme) - 840_00) // 20_00

    def test_shows_the_code_or_returns_the_money(self, acme, policy, order, monkeypatch):
        shown, returned = self.run(acme, policy, order, monkeypatch)

        assert shown + returned == self.CARDS
        assert returned

    @pytest.mark.breaks_the_books
    def test_would_do_both_without_the_lock(self, acme, policy, order, monkeypatch):
        """The control."""
        monkeypatch.setattr(gift_claims, "_is_kept", lambda card: True)

        shown, returned = self.run(acme, policy, order, monkeypatch)

        assert shown + returned > self.CARDS


class TestInTheDashboard:
    def test_is_set_by_the_owner_once(self, acme):
        olga = dashboards.works_for(acme)
        add = "/admin/rewards/giftpolicy/add/"
        said = {"remind_after_days": "7", "most_reminders": "2", "give_back_after_days": "90"}
        assert "later than you remind" in dashboards.text_of(olga.post(add, {**said, "give_back_after_days": "5"}))

        olga.post(add, said)
        policy = GiftPolicy.objects.get()
        assert (policy.remind_after_days, policy.most_reminders, policy.give_back_after_days) == (7, 2, 90)
        assert olga.get(add).status_code == 403

        olga.post(
            dashboards.page(policy), {"remind_after_days": "", "most_reminders": "1", "give_back_after_days": ""}
        )
        policy.refresh_from_db()
        assert (policy.remind_after_days, policy.give_back_after_days) == (None, None)
        manager = dashboards.works_for(acme, dashboards.Role.MANAGER)
        assert manager.post(dashboards.page(policy), said).status_code == 403
        assert "Never" in dashboards.text_of(manager.get(dashboards.listed(GiftPolicy)))


def test_a_code_that_the_business_saw_is_nobodys_again(acme, vault, order):
    placed = order(product="CINEMA", value=Decimal(25))
    gift_cards.look_at_code(GiftCard.objects.get(order=placed))

    gift_orders.cancel(business=acme, order_id=placed.pk)

    assert Code.objects.filter(card=None).count() == 2
