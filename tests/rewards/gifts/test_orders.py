"""Ordering gift cards: all of it or nothing, once per number, and never for more than there is."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from loyalty.kernel import clock
from rewards.models import Code, GiftCard, GiftOrder, ShippingMethod
from rewards.services import gift_cards, gift_funds, gift_orders, gift_products, gift_sending
from rewards.services.gift_lines import Asked
from tests.races import at_once
from tests.rewards.gifts.conftest import assert_refused, available, body, code_of, line, links
from webhooks.models import Delivery
from webhooks.services import relay

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
AT = "LineItems.0"
POST = f"{AT}.PhysicalDeliveryAddress"


def post(**address):
    asked = line(
        ProductId="STORE-CARD-POST", Value=25, DigitalDeliveryAddress=None, PhysicalDeliveryAddress={**HOME, **address}
    )
    return body(asked, Type="PhysicalShipment")


def soon(days):
    return (clock.wall() + timedelta(days=days)).isoformat()


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


WRONG = {
    "no type": (body(Type=None), "Type"),
    "another type": (body(Type="Pigeon"), "Type"),
    "no number": (body(PONumber=""), "PONumber"),
    "a number with a line break": (body(PONumber="a\nb"), "PONumber"),
    "no lines": (body(LineItems=[]), "LineItems"),
    "a field that is none": (body(line(Colour="red")), f"{AT}.Colour"),
    "no value": (body(line(Value=None)), f"{AT}.Value"),
    "a value of nothing": (body(line(Value=0)), f"{AT}.Value"),
    "a negative value": (body(line(Value=-5)), f"{AT}.Value"),
    "too fine a value": (body(line(Value="20.001")), f"{AT}.Value"),
    "too small a value": (body(line(Value="0.99")), f"{AT}.Value"),
    "too large a value": (body(line(Value=501)), f"{AT}.Value"),
    "no quantity": (body(line(Quantity=0)), f"{AT}.Quantity"),
    "half a card": (body(line(Quantity=1.5)), f"{AT}.Quantity"),
    "too many cards": (links(6_000) | {"LineItems": links(6_000)["LineItems"] * 2}, "LineItems"),
    "no address": (body(line(DigitalDeliveryAddress={})), f"{AT}.DigitalDeliveryAddress"),
    "no mail address": (body(line(DigitalDeliveryAddress={"Email": "ada"})), f"{AT}.DigitalDeliveryAddress.Email"),
    "no phone number": (body(line(DigitalDeliveryAddress={"Sms": "12"})), f"{AT}.DigitalDeliveryAddress.Sms"),
    "no country code": (body(line(DigitalDeliveryAddress={"Sms": "01511234567"})), f"{AT}.DigitalDeliveryAddress.Sms"),
    "an unreachable number": (body(line(DigitalDeliveryAddress={"Sms": "+491"})), f"{AT}.DigitalDeliveryAddress.Sms"),
    "a street for a mail": (body(line(PhysicalDeliveryAddress=HOME)), POST),
    "a mail for a link": (body(Type="Links"), f"{AT}.DigitalDeliveryAddress"),
    "a link on a day": (
        links() | {"LineItems": [line(DigitalDeliveryAddress=None, Personalization={"DeliveryDate": soon(2)})]},
        f"{AT}.Personalization.DeliveryDate",
    ),
    "a day too far": (body(line(Personalization={"DeliveryDate": soon(400)})), f"{AT}.Personalization.DeliveryDate"),
    "a name with a line break": (
        body(line(Personalization={"FromName": "a\r\nBcc: x"})),
        f"{AT}.Personalization.FromName",
    ),
    "no reply address": (body(line(Personalization={"FromEmail": "x"})), f"{AT}.Personalization.FromEmail"),
    "a parcel to nowhere": (
        body(line(ProductId="STORE-CARD-POST", Value=25, DigitalDeliveryAddress=None), Type="PhysicalShipment"),
        POST,
    ),
    "a parcel by mail": (
        body(line(ProductId="STORE-CARD-POST", Value=25)),
        f"{AT}.DigitalDeliveryAddress.Email",
    ),
    "a digital card by post": (
        post() | {"LineItems": [{**post()["LineItems"][0], "ProductId": "STORE-CARD"}]},
        f"{AT}.ProductId",
    ),
    "no such denomination": (post() | {"LineItems": [{**post()["LineItems"][0], "Value": 30}]}, f"{AT}.Value"),
    "no such country": (post(Country="QQ"), f"{POST}.Country"),
    "no city": (post(City=""), f"{POST}.City"),
    "no postcode of that country": (post(Zip="1"), f"{POST}.Zip"),
    "no street": (post(AddressLine1=""), f"{POST}.AddressLine1"),
    "no state where there are states": (post(Country="US", Zip="10001", City="New York"), f"{POST}.State"),
}


class TestIsRefused:
    @pytest.mark.parametrize(("asked", "field"), WRONG.values(), ids=WRONG)
    def test_before_anything_is_taken(self, acme, gifts, asked, field):
        asked = {name: value for name, value in asked.items() if value is not None}

        assert_refused(gifts.post("/Orders", asked), 400, "VALIDATION_ERROR", field)
        assert available(acme) == 1_000_00
        assert not GiftOrder.objects.exists()

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            (body(line(ProductId="NOTHING")), f"{AT}.ProductId"),
            (post(ShippingMethodId="PIGEON"), f"{POST}.ShippingMethodId"),
        ],
    )
    def test_for_what_does_not_exist(self, gifts, asked, field):
        assert_refused(gifts.post("/Orders", asked), 404, "NOT_FOUND", field)

    def test_to_a_country_that_the_shipping_does_not_serve(self, gifts):
        ShippingMethod.objects.update(countries=["AT"])

        assert_refused(gifts.post("/Orders", post()), 400, "VALIDATION_ERROR", f"{POST}.Country")

    def test_for_more_than_there_is(self, acme, gifts):
        assert_refused(gifts.post("/Orders", links(3, Value=500)), 422, "INSUFFICIENT_FUNDS")

        assert (available(acme), GiftOrder.objects.count(), Code.objects.count()) == (1_000_00, 0, 0)
        assert gifts.post("/Orders", links(2, Value=500)).status_code == 201  # the number is free still

    def test_in_another_currency_than_the_deposits(self, acme, gifts):
        gift_products.create(business=acme, key="YEN", name="Yen", currency="JPY", min_minor=1, max_minor=100_000)

        assert_refused(gifts.post("/Orders", body(line(ProductId="YEN"))), 400, "VALIDATION_ERROR", f"{AT}.ProductId")

    def test_when_too_few_codes_are_left(self, acme, gifts, vault):
        asked = links(4, Value=25)
        asked["LineItems"][0]["ProductId"] = "CINEMA"

        assert_refused(gifts.post("/Orders", asked), 400, "OUT_OF_STOCK", f"{AT}.ProductId")
        assert available(acme) == 1_000_00
        assert Code.objects.filter(card=None).count() == 3

    @pytest.mark.parametrize("again", [body(), body(line(Value=30)), body(line(ProductId="NOTHING"))])
    def test_under_a_number_that_was_used_whatever_it_is_for(self, acme, gifts, again):
        first = gifts.post("/Orders", body()).json()

        answer = gifts.post("/Orders", again)

        assert_refused(answer, 409, "DUPLICATE_PO_NUMBER", "PONumber")
        assert answer.json()["Id"] == first["Id"]
        assert available(acme) == 980_00


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
        told = json.loads(bytes(delivery.example))
        assert told == gifts.get(f"/Orders/{answer['Id']}").json()
        assert (told["Status"], told["PONumber"]) == ("Completed", "PO-1")

    def test_is_told_to_nobody_else(self, acme, gifts):
        gifts.post("/Orders", links())
        gift_sending.send_due()
        relay.relay()

        assert not Delivery.objects.exists()
