"""Erasing the recipient of gift cards, who takes part in no programme."""

import pytest

from loyalty.services import verification
from rewards.models import GiftCard, GiftPosting
from rewards.services import gift_sending
from tests import dashboards, traces
from tests.erasure.story import MARK, planted
from tests.rewards.gifts.conftest import open_gifts
from webhooks.services import relay

GIFT = {
    "ProductId": "STORE-CARD",
    "Value": 20,
    "DigitalDeliveryAddress": {"Email": "«m»1@example.com", "Sms": "+4915112345678"},
    "Personalization": {
        "To": "«m»2",
        "FromName": "«m»3",
        "FromEmail": "«m»4@example.com",
        "Message": "«m»5",
        "CultureCode": "de",
    },
}
HOME = {
    "ShippingMethodId": "STANDARD",
    "Name": "«m»6",
    "AddressLine1": "«m»7",
    "AddressLine2": "«m»8",
    "City": "«m»9",
    "State": "",
    "Zip": "89073",
    "Country": "DE",
}
PARCEL = {"ProductId": "STORE-CARD-POST", "Value": 25, "PhysicalDeliveryAddress": HOME}
GIFTS = [
    {"Type": "DigitalDelivery", "PONumber": "1", "LineItems": [GIFT], "Note": "«m»10"},
    {"Type": "DigitalDelivery", "PONumber": "2", "LineItems": [GIFT]},
    {"Type": "PhysicalShipment", "PONumber": "3", "LineItems": [PARCEL]},
    {"Type": "Links", "PONumber": "4", "LineItems": [{**GIFT, "DigitalDeliveryAddress": None}]},
]
# An order's own texts, which are not its recipient's.
OF_THE_ORDER = {"PONumber", "LineItems.ProductId", "WebhookSettings.FulfillmentComplete"}


@pytest.mark.django_db(transaction=True)
class TestRecipient:
    """Of gift cards: they have no account, so the dashboard forgets them by where their cards went."""

    def test_has_every_text_of_an_order_planted(self):
        def words(value, path=()):
            if isinstance(value, dict):
                return {word for name, each in value.items() for word in words(each, (*path, name))}
            if isinstance(value, list):
                return {word for each in value for word in words(each, path)}
            return {".".join(path)}

        (declared,) = (declared for path, declared in traces.operations() if path == "POST v1/Orders")
        planted_ = {word for order in GIFTS for word in words(order)}
        assert traces.texts_of(declared.body) - planted_ == OF_THE_ORDER - planted_

    def test_is_forgotten_wherever_they_were_named_and_the_money_stays(self, acme, mailoutbox):
        gifts = open_gifts(acme)
        for order in GIFTS:
            answer = gifts.post("/Orders", planted(order), Idempotency_Key=f"{MARK}-{order['PONumber']}")
            assert answer.status_code == 201, answer.content
        gift_sending.send_due()
        assert len(mailoutbox) == 2
        relay.relay()
        assert "rewards_giftline" in traces.of(MARK, traces.tables())
        booked = list(GiftPosting.objects.order_by("pk").values())
        cards = GiftCard.objects.order_by("pk")

        olga = dashboards.works_for(acme)
        for card in cards:
            olga.post(dashboards.page(card, "erase"))

        assert traces.of(MARK, {**traces.tables(), "Redis": traces.in_redis()}) == []
        assert traces.of("15112345678", {**traces.tables(), "Redis": traces.in_redis()}) == []
        assert list(GiftPosting.objects.order_by("pk").values())[: len(booked)] == booked
        now = list(cards.values_list("status", flat=True))
        assert now == ["Sent", "Sent", "Failed", "Delivered"]  # the parcel had not left
        assert verification.verify() == []
