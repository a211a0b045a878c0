"""What can be ordered, how it travels, and what there is to pay with."""

import pytest

from loyalty.kernel.errors import Invalid
from rewards.models import ShippingMethod
from rewards.services import gift_funds, gift_products
from tests.rewards.gifts.conftest import assert_refused

pytestmark = pytest.mark.django_db


class TestIsRefused:
    @pytest.mark.parametrize(
        ("columns", "field"),
        [
            ({"provider": "moon", "min_minor": 1, "max_minor": 2}, "provider"),
            ({}, "minValue"),
            ({"min_minor": 500, "max_minor": 100}, "minValue"),
            ({"denominations_minor": [0, 500]}, "denominations"),
            ({"denominations_minor": [500], "delivery_types": ["Post"]}, "deliveryTypes"),
            ({"denominations_minor": [500], "type": "Physical", "delivery_types": ["Email"]}, "deliveryTypes"),
            ({"denominations_minor": [500], "discount_bp": 10_000}, "discount"),
        ],
    )
    def test_a_product_that_makes_no_sense(self, acme, columns, field):
        with pytest.raises(Invalid) as refusal:
            gift_products.create(business=acme, key="BOOKS", name="Books", **columns)

        assert refusal.value.field == field

    def test_shipping_to_no_country(self, acme):
        with pytest.raises(Invalid) as refusal:
            gift_products.check_shipping(ShippingMethod(business=acme, key="MOON", name="Moon", countries=["QQ"]))

        assert refusal.value.field == "countries"

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"pageIndex": -1}, "pageIndex"),
            ({"pageSize": 101}, "pageSize"),
            ({"pageIndex": 9_999, "pageSize": 100}, "pageIndex"),
            ({"page": 1}, "page"),
        ],
    )
    def test_a_page_that_is_none(self, gifts, query, field):
        assert_refused(gifts.get("/Products", **query), 400, "VALIDATION_ERROR", field)

    def test_an_unknown_product(self, gifts):
        assert_refused(gifts.get("/Products/NOTHING"), 404, "NOT_FOUND")


class TestProducts:
    def test_are_listed_by_their_ids(self, gifts, vault):
        answer = gifts.get("/Products", pageSize=2).json()

        assert [item["Id"] for item in answer["Items"]] == ["CINEMA", "CVS"]
        assert (answer["TotalCount"], answer["PageIndex"], answer["PageSize"]) == (4, 0, 2)
        assert [item["Id"] for item in gifts.get("/Products", pageSize=2, pageIndex=1).json()["Items"]] == [
            "STORE-CARD",
            "STORE-CARD-POST",
        ]

    def test_say_what_they_are(self, gifts):
        product = gifts.get("/Products/STORE-CARD").json()

        assert (product["DenominationType"], product["Denominations"]) == ("Variable", [])
        assert (product["MinValue"], product["MaxValue"], product["CurrencyCode"]) == (1, 500, "EUR")
        assert product["AvailableDeliveryTypes"] == ["Email", "Link", "Sms"]
        assert set(product) == {
            "Id",
            "Name",
            "ShortDescription",
            "LongDescription",
            "Denominations",
            "DenominationType",
            "MinValue",
            "MaxValue",
            "Type",
            "AvailableDeliveryTypes",
            "Terms",
            "Disclaimer",
            "RedemptionNote",
            "Media",
            "Cost",
            "Translations",
            "CurrencyCode",
            "CultureCodes",
        }

    def test_are_kept_for_a_week_or_asked_for_by_their_tag(self, gifts):
        first = gifts.get("/Products")

        assert first["Cache-Control"] == "max-age=604800"
        gifts.headers["If-None-Match"] = first["ETag"]
        assert (gifts.get("/Products").status_code, gifts.get("/Products").content) == (304, b"")

    def test_disappear_when_they_are_archived(self, acme, gifts, vault):
        gift_products.archive(product=vault, is_archived=True)

        assert gifts.get("/Products/CINEMA").status_code == 404

    def test_of_another_business_are_not_there(self, gifts, rival):
        gift_products.create(business=rival, key="TEA", name="Tea", min_minor=100, max_minor=200)

        assert gifts.get("/Products/TEA").status_code == 404


class TestShippingMethods:
    def test_are_listed(self, gifts):
        items = gifts.get("/ShippingMethods").json()["Items"]

        assert items == [{"Id": "STANDARD", "Name": "Standard letter", "Carrier": "", "Countries": []}]


class TestBalance:
    def test_tells_what_is_there_and_what_is_on_its_way(self, acme, gifts):
        gift_funds.request(business=acme, amount_minor=250_50)

        assert gifts.get("/Balance").json() == {"Pending": 250.5, "Available": 1000.0, "CurrencyCode": "EUR"}
