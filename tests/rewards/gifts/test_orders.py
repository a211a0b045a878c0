"""Ordering gift cards: all of it or nothing, once per number, and never for more than there is."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from loyalty.kernel import clock
from rewards.models import Code, GiftCard, GiftOrder
from rewards.services import gift_cards, gift_funds, gift_orders, gift_products, gift_sending
from rewards.services.gift_lines import Asked
from tests.races import at_once
from tests.rewards.gifts.conftest import assert_refused, available, body, code_of, line, links
from webhooks.models import Delivery
from webhooks.services import relay, replies

pytestmark = pytest.mark.django_db

# As the product's description has it.
EXAMPLE = {
    "Type": "DigitalDelivery",
    "LineItems": [
        {
            "ProductId": "CVS",
            "Value": 20,
            "Quantity": 1,
            "DigitalDeliveryAddress": {"Email": "recipient@email.com"},
            "Personalization": {"To": "Recipient", "FromName": "Platform", "Message": "You've earned a reward!"},
        }
    ],
    "PONumber": "API-11001",
}
HOME = {
    "ShippingMethodId": "STANDARD",
    "Name": "Ada Lovelace",
    "AddressLine1": "Hirschstr. 1",
    "City": "Ulm",
    "Zip": "89073",
    "Country": "DE",
}


def post(**address):
    asked = line(
        ProductId="STORE-CARD-POST", Value=25, DigitalDeliveryAddress=None, PhysicalDeliveryAddress={**HOME, **address}
    )
    return body(asked, Type="PhysicalShipment")


def half_filled(business, account, monkeypatch):
    """Order three lines of links: the first is filled, the second half, and the third not at all."""
    asked = [Asked("STORE-CARD", Decimal(1), quantity=5)] * 3
    order = gift_orders.place(business=business, account_id=account.pk, type="Links", po_number="HALF", asked=asked)
    with monkeypatch.context() as patch:
        patch.setattr(gift_orders, "CHUNK", 7)
        patch.setattr(gift_orders, "ROUNDS", 1)
        gift_orders.fill_waiting()
    return order.order


def statuses_of(gifts, order):
    """Of an order and its lines, by the order itself and by the list of orders."""
    one = gifts.get(f"/Orders/{order.pk}").json()
    (listed,) = gifts.get("/Orders", poNumber=order.po_number).json()["Items"]
    lines = [[line["Status"] for line in said["LineItems"]] for said in (one, listed)]
    assert (lines[0], one["Status"]) == (lines[1], listed["Status"])
    return one["Status"], lines[0]


class TestOrder:
    def test_is_taken_as_the_description_has_it(self, acme, gifts):
        response = gifts.post("/Orders", EXAMPLE)

        answer = response.json()
        assert response.status_code == 201
        assert (answer["Status"], answer["Type"], answer["PONumber"]) == ("Processing", "DigitalDelivery", "API-11001")
        assert (answer["Total"], answer["CurrencyCode"], answer["CompletedAt"]) == (20.0, "EUR", None)
        (item,) = answer["LineItems"]
        assert (item["ProductId"], item["Value"], item["Cost"], item["Quantity"]) == ("CVS", 20.0, 20.0, 1)
        (card,) = item["Cards"]
        assert set(card) == {"Id", "Status", "ClaimLink", "DeliveredAt", "ViewedAt", "Tracking"}
        assert (card["Status"], card["ClaimLink"][:20]) == ("Pending", "http://testserver/g/")
        assert gifts.get(f"/Orders/{answer['Id']}").json() == answer
        assert available(acme) == 980_00

    def test_takes_value_and_fee_without_the_discount(self, acme, gifts):
        gift_products.create(
            business=acme, key="BOOKS", name="Books", min_minor=100, max_minor=10_000, fee_minor=50, discount_bp=333
        )

        answer = gifts.post("/Orders", body(line(ProductId="BOOKS", Value="19.99", Quantity=2))).json()

        assert answer["Total"] == answer["LineItems"][0]["Cost"] == 2 * (19.99 + 0.50 - 0.66)
        assert available(acme) == 1_000_00 - 2 * (19_99 + 50 - 66)

    def test_gives_every_card_a_code_and_a_link_of_its_own(self, gifts, order):
        placed = order(quantity=10)

        cards = list(GiftCard.objects.filter(order=placed))
        assert len({code_of(card) for card in cards}) == 10
        shown = gifts.get(f"/Orders/{placed.pk}").json()["LineItems"][0]["Cards"]
        assert len({card["ClaimLink"] for card in shown}) == 10

    def test_takes_uploaded_codes_in_their_order(self, gifts, vault, order):
        placed = order(product="CINEMA", value=Decimal(25), quantity=2)

        assert {code_of(card) for card in GiftCard.objects.filter(order=placed)} == {"CINEMA-1", "CINEMA-2"}

    def test_by_post_keeps_the_address_as_its_country_writes_it(self, gifts):
        answer = gifts.post("/Orders", post(AddressLine2="Hinterhaus")).json()

        (card,) = answer["LineItems"][0]["Cards"]
        assert (card["ClaimLink"], card["Tracking"], answer["Status"]) == (None, None, "Processing")
        label = GiftOrder.objects.get().lines.get().address
        assert (label["street_address"], label["city"]) == ("Hirschstr. 1\nHinterhaus", "ULM")

    def test_of_more_than_ten_waits_for_a_worker(self, acme, gifts):
        answer = gifts.post("/Orders", links(25)).json()
        assert (answer["Status"], answer["LineItems"][0]["Cards"]) == ("Pending", [])
        assert available(acme) == 500_00

        gift_orders.fill_waiting()

        answer = gifts.get(f"/Orders/{answer['Id']}").json()
        assert (answer["Status"], len(answer["LineItems"][0]["Cards"])) == ("Processing", 25)

    def test_gives_back_what_a_worker_finds_no_codes_for(self, acme, gifts, vault, order):
        placed = order(product="CINEMA", value=Decimal(25), quantity=12)

        gift_orders.fill_waiting()
        gift_orders.fill_waiting()

        assert available(acme) == 1_000_00 - 3 * 25_00
        statuses = list(GiftCard.objects.filter(order=placed).values_list("status", flat=True))
        assert (statuses.count("Failed"), statuses.count("Pending")) == (9, 3)

    def test_has_lines_that_are_pending_until_they_are_filled(self, acme, gifts, account, monkeypatch):
        placed = half_filled(acme, account, monkeypatch)
        gift_sending.send_due()
        assert statuses_of(gifts, placed) == ("Pending", ["Completed", "Pending", "Pending"])

        gift_orders.fill_waiting()
        assert statuses_of(gifts, placed) == ("Processing", ["Completed", "Processing", "Processing"])
        gift_sending.send_due()
        assert statuses_of(gifts, placed) == ("Completed", ["Completed"] * 3)

    def test_are_made_for_every_order_in_turn_so_that_a_long_one_holds_up_nobody(self, order, monkeypatch):
        monkeypatch.setattr(gift_orders, "CHUNK", 10)
        monkeypatch.setattr(gift_orders, "ROUNDS", 2)
        long, short = order(quantity=50, value=Decimal(1)), order(quantity=15, value=Decimal(1))

        gift_orders.fill_waiting()

        made = [GiftCard.objects.filter(order=each).count() for each in (long, short)]
        assert made == [20, 15]

    def test_are_made_for_others_when_we_fail_at_one(self, order, monkeypatch):
        bad, good = order(quantity=12), order(quantity=12)
        make = gift_cards.make
        monkeypatch.setattr(
            gift_cards, "make", lambda *, order, wanted: 1 // 0 if order == bad else make(order=order, wanted=wanted)
        )

        gift_orders.fill_waiting()

        assert [GiftOrder.objects.get(pk=each.pk).status for each in (bad, good)] == ["Pending", "Processing"]

    def test_lies_sealed(self, order):
        placed = order()

        card, code = GiftCard.objects.get(order=placed), Code.objects.get()
        assert code_of(card).encode() not in bytes(code.sealed) + bytes(code.hash)


class TestList:
    def test_shows_an_accounts_orders_newest_first(self, gifts, order):
        first, second = order(po_number="A"), order(po_number="B", quantity=12)

        answer = gifts.get("/Orders").json()

        assert [item["PONumber"] for item in answer["Items"]] == ["B", "A"]
        assert answer["TotalCount"] == 2
        assert answer["Items"][0]["LineItems"][0]["Cards"] is None
        assert [item["Id"] for item in gifts.get("/Orders", poNumber="A").json()["Items"]] == [str(first.pk)]
        assert [item["Id"] for item in gifts.get("/Orders", status="Pending").json()["Items"]] == [str(second.pk)]
        later = (clock.wall() + timedelta(hours=1)).isoformat()
        assert gifts.get("/Orders", **{"from": later}).json()["Items"] == []
        assert gifts.get("/Orders", to=later).json()["TotalCount"] == 2

    def test_costs_the_same_for_many(self, gifts, order, django_assert_num_queries):
        for _ in range(5):
            order()
        gifts.get("/Balance")  # the token is known from here on

        with django_assert_num_queries(4):  # count, orders, lines, cards
            gifts.get("/Orders")


class TestCancel:
    def test_gives_back_everything(self, acme, gifts, vault, order):
        placed = order(product="CINEMA", value=Decimal(25), quantity=2)

        answer = gifts.post(f"/Orders/{placed.pk}/Cancel")

        assert (answer.status_code, answer.json()["Status"]) == (200, "Cancelled")
        assert {card["Status"] for card in answer.json()["LineItems"][0]["Cards"]} == {"Cancelled"}
        assert available(acme) == 1_000_00
        assert Code.objects.filter(card=None).count() == 3

    def test_of_an_order_that_waits_for_a_worker(self, acme, gifts, order):
        placed = order(quantity=30)

        assert gifts.post(f"/Orders/{placed.pk}/Cancel").status_code == 200
        gift_orders.fill_waiting()
        assert available(acme) == 1_000_00
        assert not GiftCard.objects.exists()
        assert statuses_of(gifts, placed) == ("Cancelled", ["Cancelled"])

    def test_of_an_order_that_a_worker_has_half_filled(self, acme, gifts, account, monkeypatch):
        placed = half_filled(acme, account, monkeypatch)

        gifts.post(f"/Orders/{placed.pk}/Cancel")

        assert statuses_of(gifts, placed) == ("Cancelled", ["Cancelled"] * 3)
        assert available(acme) == 1_000_00

    def test_of_an_order_that_waits_for_its_day(self, acme, gifts, order, mailoutbox):
        placed = order(type="DigitalDelivery", email="ada@example.com", deliver_at=clock.wall() + timedelta(days=3))
        assert placed.cards.get().status == "Scheduled"

        answer = gifts.post(f"/Orders/{placed.pk}/Cancel").json()
        with clock.moved_to(clock.wall() + timedelta(days=4)):
            gift_sending.send_due()

        assert (answer["Status"], answer["LineItems"][0]["Status"]) == ("Cancelled", "Cancelled")
        assert placed.cards.get().status == "Cancelled"
        assert (available(acme), mailoutbox) == (1_000_00, [])

    def test_is_refused_when_a_part_was_redeemed(self, acme, gifts, order):
        placed = order(quantity=2)
        card = GiftCard.objects.filter(order=placed).first()
        gift_cards.redeem(business=acme, code=code_of(card), amount=Decimal(5))

        assert_refused(gifts.post(f"/Orders/{placed.pk}/Cancel"), 409, "CONFLICT")
        assert available(acme) == 960_00

    @pytest.mark.parametrize("status", ["Completed", "Cancelled", "Failed"])
    def test_is_refused_when_it_is_over(self, gifts, order, status):
        placed = order()
        if status == "Cancelled":
            gifts.post(f"/Orders/{placed.pk}/Cancel")
        else:
            GiftCard.objects.filter(order=placed).update(status="Sent", tries=1)

        assert_refused(gifts.post(f"/Orders/{placed.pk}/Cancel"), 409, "CONFLICT")


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_for_one_number_makes_one_order(self, acme, gifts):
        answers = at_once(20, lambda _: gifts.post("/Orders", links()).status_code)

        assert sorted(answers) == [201] + [409] * 19
        assert available(acme) == 980_00

    def test_for_the_last_codes_hands_each_out_once(self, acme, gifts, vault):
        def buy(number):
            asked = links(1, Value=25, PONumber=f"PO-{number}")
            asked["LineItems"][0]["ProductId"] = "CINEMA"
            return gifts.post("/Orders", asked).status_code

        answers = at_once(20, buy)

        assert sorted(answers) == [201] * 3 + [400] * 17
        assert available(acme) == 1_000_00 - 3 * 25_00
        assert Code.objects.filter(card__isnull=False).count() == 3

    def test_for_the_funds_spends_them_once(self, acme, gifts):
        answers = at_once(
            20, lambda number: gifts.post("/Orders", links(1, Value=250, PONumber=f"PO-{number}")).status_code
        )

        assert sorted(answers) == [201] * 4 + [422] * 16
        assert gift_funds.funds_of(acme).available_minor == 0


class TestFulfillmentComplete:
    URL = "https://erp.example/hooks/gifts"

    def test_is_refused_to_an_address_that_we_do_not_call(self, gifts):
        asked = links(WebhookSettings={"FulfillmentComplete": "https://10.0.0.1/hooks"})

        field = "WebhookSettings.FulfillmentComplete"
        assert_refused(gifts.post("/Orders", asked), 400, "VALIDATION_ERROR", field)

    def test_tells_the_orders_own_address_once_how_it_came_out(self, acme, gifts):
        answer = gifts.post("/Orders", links(2, WebhookSettings={"FulfillmentComplete": self.URL})).json()
        gift_sending.send_due()
        for _ in range(2):
            relay.relay()

        delivery = Delivery.objects.for_business(acme).select_related("endpoint").get()
        assert (delivery.url, delivery.topic) == (self.URL, "gift_orders/completed")
        told = json.loads(replies.opened(bytes(delivery.reply_sealed), delivery_id=delivery.pk))
        assert told == gifts.get(f"/Orders/{answer['Id']}").json()
        assert (told["Status"], told["PONumber"]) == ("Completed", "PO-1")

    def test_is_told_to_nobody_else(self, acme, gifts):
        gifts.post("/Orders", links())
        gift_sending.send_due()
        relay.relay()

        assert not Delivery.objects.exists()
