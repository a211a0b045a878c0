"""Cards whose codes a remote provider sells: bought once each, whatever happens on the way, or their price is back."""

import json
from datetime import timedelta
from decimal import Decimal

import aiohttp
import pytest
from django.core import mail
from django.db import connection

from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid
from loyalty.selectors import ledger as wallets
from rewards.models import Code, GiftCard, GiftOrder, GiftProduct, GiftPurchase
from rewards.services import (
    gift_buying,
    gift_cards,
    gift_claims,
    gift_funds,
    gift_orders,
    gift_products,
    gift_remotes,
    gift_sending,
    redemptions,
)
from rewards.services.kinds.providers.base import Bought, Refused, Unreachable
from tests import dashboards
from tests.races import at_once
from tests.rewards.gifts.conftest import available, code_of, links
from tests.rewards.gifts.remote import TOKEN
from webhooks.models import Delivery
from webhooks.services import relay, replies

pytestmark = pytest.mark.django_db


@pytest.fixture
def bought(books, order):
    """Order so many cards of the bookshop, to a link where nothing else is said."""

    def buy(quantity=1, **said):
        return order(product="BOOKS", quantity=quantity, **said)

    return buy


def later():
    """What failed is due again."""
    GiftPurchase.objects.exclude(due_at=None).update(due_at=clock.wall() - timedelta(seconds=1))


def run():
    gift_buying.buy_due()
    gift_sending.send_due()


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"url": ""}, "remoteUrl"),
            ({"sku": ""}, "remoteSku"),
            ({"token": ""}, "remoteToken"),
            ({"url": "http://10.0.0.1/cards"}, "remoteUrl"),
            ({"url": "https://user@books.example/cards"}, "remoteUrl"),
        ],
    )
    def test_where_nobody_may_be_asked(self, acme, said, field):
        product = GiftProduct(business=acme, key="BOOKS", provider="http")

        with pytest.raises(Invalid) as refused:
            gift_remotes.put(product, **{"url": "https://books.example/cards", "sku": "BK", "token": TOKEN, **said})

        assert refused.value.field == field

    def test_a_product_without_a_provider_or_on_paper(self, books):
        books.remote_sealed, kept = None, books.remote_sealed
        with pytest.raises(Invalid, match="Say where"):
            gift_products.check(books)

        books.remote_sealed, books.type, books.delivery_types = kept, "Physical", ["Post"]
        with pytest.raises(Invalid, match="digitally"):
            gift_products.check(books)

    def test_an_address_that_has_become_private_since(self, acme, bought, settings):
        placed = bought()
        settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = []

        run()

        assert "did not answer" in GiftPurchase.objects.get().failure
        assert placed.cards.get().status == "Pending"


class TestBuys:
    def test_a_code_for_each_card_and_sends_it_then(self, remote, bought):
        placed = bought(type="DigitalDelivery", email="ada@example.com")
        gift_sending.send_due()
        assert (remote.asked, mail.outbox) == ([], [])  # nothing in the call, and nothing is sent before

        run()

        card = placed.cards.get()
        assert (code_of(card), card.status, len(mail.outbox)) == ("REMOTE-1", "Sent", 1)
        (asked,) = remote.asked
        assert asked == {
            "sku": "BK",
            "value": "20.00",
            "currency": "EUR",
            "reference": str(card.pk),
            "authorization": f"Bearer {TOKEN}",
        }
        assert GiftPurchase.objects.get().reference == f"remote-{str(card.pk)[:8]}"

    def test_many_of_a_large_order(self, bought):
        placed = bought(45, value=5)

        gift_orders.fill_waiting()
        run()

        assert GiftOrder.objects.get(pk=placed.pk).status == "Completed"
        assert len({code_of(card) for card in placed.cards.all()}) == 45

    @pytest.mark.django_db(transaction=True)
    def test_once_when_many_workers_buy(self, remote, bought):
        placed = bought(10, value=5)

        at_once(4, lambda _: gift_buying.buy_due())

        assert set(remote.tries.values()) == {1}
        assert Code.objects.filter(card__order=placed).count() == 10

    @pytest.mark.parametrize("behaviour", ["fails", "loses", "garbles"])
    def test_again_after_a_failure_and_never_twice(self, remote, bought, behaviour):
        placed = bought()
        remote.behaviour = behaviour
        run()
        card = placed.cards.get()
        assert (card.status, card.failure != "", Code.objects.count()) == ("Pending", True, 0)

        remote.behaviour = "sells"
        run()
        assert sum(remote.tries.values()) == 1  # not before its time
        later()
        run()

        assert (remote.tries[str(card.pk)], len(remote.sold), code_of(card)) == (2, 1, "REMOTE-1")
        assert GiftOrder.objects.get(pk=placed.pk).status == "Completed"

    def test_again_what_answered_too_late(self, remote, bought, monkeypatch):
        monkeypatch.setattr(gift_buying, "TIMEOUT", aiohttp.ClientTimeout(total=0.3))
        placed = bought()
        remote.behaviour = "is slow"
        run()
        assert GiftPurchase.objects.get().failure == "The provider did not answer: TimeoutError."

        remote.behaviour = "sells"
        later()
        run()

        assert (len(remote.sold), placed.cards.get().status) == (1, "Delivered")

    def test_what_a_killed_worker_left(self, remote, bought):
        placed = bought()
        (left,) = gift_buying._claimed()
        remote.sell(str(left.card_id))  # it was bought, and nobody wrote it down
        run()
        assert remote.asked == []

        GiftPurchase.objects.update(leased_until=clock.wall())
        run()

        assert (len(remote.sold), placed.cards.get().status) == (1, "Delivered")

    def test_lets_a_silent_provider_rest_so_that_others_go_first(self, remote, bought, monkeypatch):
        monkeypatch.setattr(gift_buying, "SHARE", 3)
        bought(9, value=5)
        remote.behaviour = "fails"

        run()

        assert len(remote.asked) == 3

    def test_no_more_than_its_share_where_the_database_expects_but_one(self, bought, monkeypatch):
        monkeypatch.setattr(gift_buying, "SHARE", 3)
        bought(1, value=5)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE rewards_giftpurchase")
        bought(9, value=5)

        assert len(gift_buying._claimed()) == 3


class TestGivesBack:
    def test_the_price_of_what_is_refused(self, acme, remote, bought):
        remote.behaviour = "refuses"
        placed = bought(2)
        assert available(acme) == 960_00

        run()

        assert set(placed.cards.values_list("status", "failure")) == {
            ("Failed", "The provider refused it: We have no such article.")
        }
        assert (GiftOrder.objects.get(pk=placed.pk).status, available(acme)) == ("Failed", 1_000_00)

    def test_the_price_and_tells_the_orders_own_address(self, acme, remote, books, gifts):
        remote.behaviour = "refuses"
        asked = links(2, WebhookSettings={"FulfillmentComplete": "https://erp.example/hooks/gifts"})
        asked["LineItems"][0]["ProductId"] = "BOOKS"
        placed = gifts.post("/Orders", asked).json()
        run()
        for _ in range(2):
            relay.relay()

        delivery = Delivery.objects.for_business(acme).get()
        told = json.loads(replies.opened(bytes(delivery.reply_sealed), delivery_id=delivery.pk))
        assert (delivery.url, delivery.topic) == ("https://erp.example/hooks/gifts", "gift_orders/failed")
        assert told == gifts.get(f"/Orders/{placed['Id']}").json()
        assert (told["Status"], told["LineItems"][0]["Status"], told["CompletedAt"] is None) == (
            "Failed",
            "Failed",
            False,
        )
        assert {card["Status"] for card in told["LineItems"][0]["Cards"]} == {"Failed"}
        assert available(acme) == 1_000_00

    def test_the_price_of_what_was_tried_for_hours(self, acme, remote, bought):
        remote.behaviour = "fails"
        placed = bought()

        for _ in range(gift_buying.MOST_TRIES):
            run()
            later()

        assert (placed.cards.get().status, available(acme)) == ("Failed", 1_000_00)
        assert len(remote.asked) == gift_buying.MOST_TRIES

    def test_the_points_too_when_the_redemption_is_cancelled_then(self, acme, remote, books, offer, ada, give):
        remote.behaviour = "refuses"
        card = offer(name="Book", type="gift_card", gift_product_key="BOOKS", value=Decimal(20))
        give(ada, 100)
        redemption = redemptions.redeem(business=acme, reward_id=card.pk, advocate_id=ada.pk)
        run()

        redemptions.cancel(business=acme, redemption_id=redemption.pk)

        assert available(acme) == 1_000_00
        assert wallets.wallets(business=acme, account_ids=[ada.pk])[ada.pk].amount == 100

    def test_nothing_for_a_code_that_another_card_has(self, acme, remote, bought):
        remote.behaviour = "repeats"
        placed = bought(2)

        run()

        statuses = sorted(placed.cards.values_list("status", flat=True))
        assert (statuses, Code.objects.count()) == (["Delivered", "Pending"], 1)
        assert GiftPurchase.objects.get(tries=1, due_at__isnull=False).failure.startswith(
            "The provider sent a code that"
        )

    @pytest.mark.parametrize("outcome", [Bought("REMOTE-1", "remote-1"), Refused("No."), Unreachable("Nobody.")])
    def test_nothing_more_for_a_card_that_was_given_up_meanwhile(self, acme, bought, outcome):
        card = bought().cards.get()
        (purchase,) = gift_buying._claimed()
        gift_cards.fail(acme, [card.pk], reason="Given up.")
        gift_funds.give_back(business=acme, cards=[(card.pk, 20_00)], currency="EUR")

        gift_buying._write_down(purchase, outcome)

        card.refresh_from_db()
        assert (card.status, card.failure, card.deliver_at) == ("Failed", "Given up.", None)
        assert (Code.objects.count(), available(acme)) == (0, 1_000_00)
        assert GiftPurchase.objects.get().due_at is None

    def test_all_of_an_order_that_is_cancelled_in_time(self, acme, remote, bought):
        placed = bought(2)

        gift_orders.cancel(business=acme, order_id=placed.pk)
        run()

        assert (remote.asked, available(acme)) == ([], 1_000_00)

    def test_nothing_once_it_is_asked_for(self, acme, remote, bought):
        placed = bought()
        gift_buying._claimed()

        for act in (gift_orders.cancel, gift_orders.revoke):
            with pytest.raises(gift_orders.NotCancellable):
                act(business=acme, order_id=placed.pk)

    @pytest.mark.django_db(transaction=True)
    def test_or_buys_never_both(self, acme, remote, bought):
        placed = bought(10, value=5)
        deeds = [lambda: gift_orders.cancel(business=acme, order_id=placed.pk), gift_buying.buy_due]

        cancelled, _ = at_once(2, lambda number: deeds[number]())

        was_cancelled = isinstance(cancelled, GiftOrder)
        assert (len(remote.sold), available(acme)) == ((0, 1_000_00) if was_cancelled else (10, 950_00))


class TestLink:
    def test_has_no_code_before_it_is_bought(self, client, bought):
        card = bought().cards.get()
        token = gift_cards.token_of(card)

        page = client.post(f"/g/{token}")
        assert (page.status_code, "still on its way" in page.text) == (200, True)
        assert gift_claims.reveal(token).code is None

        run()
        assert "REMOTE-1" in client.post(f"/g/{token}").text


class TestSettings:
    def test_lie_sealed(self, books):
        with connection.cursor() as cursor:
            cursor.execute("SELECT remote_sealed FROM rewards_giftproduct WHERE id = %s", [books.pk])
            (stored,) = cursor.fetchone()

        assert TOKEN.encode() not in bytes(stored)

    def test_are_written_in_the_dashboard_and_the_token_is_never_shown(self, acme, books, remote):
        olga = dashboards.works_for(acme)
        address = f"/admin/rewards/giftproduct/{books.pk}/change/"
        form = {
            "name": "Books", "type": "Digital", "provider": "http", "min_value": "5.00", "max_value": "50.00",
            "delivery_types": ["Email", "Link"], "remote_url": remote.url, "remote_sku": "BK-2", "remote_token": "",
        }  # fmt: skip
        assert TOKEN not in olga.get(address).text

        assert olga.post(address, form).status_code == 302

        changed = gift_remotes.remote_of(GiftProduct.objects.get(pk=books.pk))
        assert (changed.sku, changed.token) == ("BK-2", TOKEN)

    def test_are_missed_in_the_dashboard(self, acme, gifts):
        olga = dashboards.works_for(acme)
        form = {
            "name": "Books", "key": "BOOKS", "type": "Digital", "provider": "http", "min_value": "5.00",
            "max_value": "50.00", "delivery_types": ["Link"], "currency": "EUR",
        }  # fmt: skip

        answer = olga.post("/admin/rewards/giftproduct/add/", form)

        assert "remote_url" in answer.context["adminform"].form.errors
        assert not GiftCard.objects.exists()
