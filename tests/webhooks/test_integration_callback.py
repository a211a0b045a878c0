"""A redemption over the Integration API tells the merchant's callback, in its own words and signed."""

import hashlib
import hmac
from base64 import b64encode

import pytest

from loyalty.models import Event
from loyalty.models.ledger import LedgerEntry
from rewards.services import rewards, steps

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def callback(subscribe):
    return subscribe(signature_profile="callback-sha512", topics=["points/redeemed"])


@pytest.fixture
def voucher(acme):
    return rewards.create(
        business=acme, name="10 EUR off", type="amount_discount", points_cost=400, value="10.00", currency="EUR"
    )


def redeem(api, reward):
    response = api.post(f"/integration/user/ada-1/rewards/{reward.pk}/redeem", {})
    assert response.status_code == 200, response.content
    return response.json()["redemption"]


def test_is_called_for_every_redemption(integration_api, callback, consumer, ada, give, voucher, deliver):
    give(ada, 1000)
    bought = redeem(integration_api, voucher)
    deliver()

    (heard,) = consumer.heard
    spent = LedgerEntry.objects.get(type="spend")
    event = Event.objects.get(topic="points/redeemed")
    assert heard.event == {
        "userId": "ada-1",
        "optionId": str(voucher.pk),
        "purchaseProductId": bought["id"],
        "amount": 10.0,
        "tokenAmount": 400,
        "tokenRate": 40.0,
        "transactionId": str(spent.pk),
        "createdAt": event.created_at.isoformat().replace("+00:00", "Z"),
    }
    fingerprint = hashlib.md5(heard.body, usedforsecurity=False).hexdigest().encode()
    signature = b64encode(hmac.digest(vars(callback)["secret"].encode(), fingerprint, hashlib.sha512)).decode()
    assert heard.headers["x-request-signature"] == signature


def test_is_called_once_however_often_the_call_is_made(
    integration_api, callback, consumer, ada, give, voucher, deliver
):
    give(ada, 1000)
    for _ in range(3):
        path = f"/integration/user/ada-1/rewards/{voucher.pk}/redeem"
        assert integration_api.post(path, {}, Idempotency_Key="k").status_code == 200
    deliver()

    assert len(consumer.heard) == 1


def test_is_not_called_for_what_was_refused(integration_api, callback, consumer, ada, voucher, deliver):
    response = integration_api.post(f"/integration/user/ada-1/rewards/{voucher.pk}/redeem", {})
    deliver()

    assert (response.json()["code"], consumer.heard) == ("INSUFFICIENT_POINTS", [])


def test_is_called_when_it_is_paid_for_also_where_an_operator_approves_later(
    acme, integration_api, callback, consumer, ada, give, voucher, deliver
):
    give(ada, 1000)
    rewards.update(business=acme, reward_id=voucher.pk, approval=True)
    waiting = redeem(integration_api, voucher)
    steps.approve(business=acme, redemption_id=waiting["id"])
    deliver()

    assert [heard.event["purchaseProductId"] for heard in consumer.heard] == [waiting["id"]]
