"""Orders that are refused: before anything is taken, and naming the field."""

from datetime import timedelta

import pytest

from loyalty.kernel import clock
from rewards.models import Code, GiftOrder, GiftProduct, ShippingMethod
from rewards.services import gift_products
from tests.rewards.gifts.conftest import assert_refused, available, body, line, links
from tests.rewards.gifts.test_orders import HOME, post

pytestmark = pytest.mark.django_db

AT = "LineItems.0"
POST = f"{AT}.PhysicalDeliveryAddress"
PHONE = {"Sms": "+4915112345678"}


def soon(days):
    return (clock.wall() + timedelta(days=days)).isoformat()


WRONG = {
    "no type": (body(Type=None), "Type"),
    "another type": (body(Type="Pigeon"), "Type"),
    "no number": (body(PONumber=""), "PONumber"),
    "a number with a line break": (body(PONumber="a\nb"), "PONumber"),
    "too long a number": (body(PONumber="1" * 101), "PONumber"),
    "too long a note": (body(Note="n" * 1_001), "Note"),
    "no lines": (body(LineItems=[]), "LineItems"),
    "a field that is none": (body(line(Colour="red")), f"{AT}.Colour"),
    "no value": (body(line(Value=None)), f"{AT}.Value"),
    "a word for a value": (body(line(Value="much")), f"{AT}.Value"),
    "a truth for a value": (body(line(Value=True)), f"{AT}.Value"),
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
    "too long a message": (body(line(Personalization={"Message": "m" * 1_001})), f"{AT}.Personalization.Message"),
    "a day nowhere on earth": (
        body(line(Personalization={"DeliveryDate": "2030-01-01T00:00:00"})),
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
        ("offered", "asked", "field"),
        [
            ("Sms", body(), f"{AT}.DigitalDeliveryAddress.Email"),
            (
                "Email",
                body(line(DigitalDeliveryAddress={"Sms": "+4915112345678"})),
                f"{AT}.DigitalDeliveryAddress.Sms",
            ),
            ("Email", links(), f"{AT}.ProductId"),
        ],
    )
    def test_by_a_way_that_the_product_does_not_go(self, acme, gifts, offered, asked, field):
        GiftProduct.objects.filter(key="STORE-CARD").update(delivery_types=[offered])

        assert_refused(gifts.post("/Orders", asked), 400, "VALIDATION_ERROR", field)
        assert available(acme) == 1_000_00

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
