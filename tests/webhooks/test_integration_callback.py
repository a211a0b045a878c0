"""Every redemption, bought or given, tells the merchant's callback, in its own words and signed."""

import hashlib
import hmac
from base64 import b64encode

import pytest

from loyalty.models import Event
from loyalty.models.ledger import LedgerEntry
from loyalty.services import benefits, ledger
from loyalty.services.kinds.benefits.base import Occasion
from rewards.models import Redemption
from rewards.services import rewards, steps
from webhooks.services import deliveries

pytestmark = pytest.mark.django_db(transaction=True)

CUP = {"key": "cup", "name": "A cup", "type": "amount_discount", "value": "5.00", "currency": "EUR", "pointsCost": 500}
GIVES_CUP = [{"kind": "reward", "reward": "cup"}]
RIDE = {"key": "ride", "title": "Ride", "type": "event", "trigger": "ride", "allowUndeclared": True}
GOLD = {"key": "gold", "title": "Gold", "threshold": 50, "benefits": GIVES_CUP}
GIVERS = {
    "a mission": {"quests": [{"key": "rider", "title": "Rider", "tasks": [RIDE | {"benefits": GIVES_CUP}]}]},
    "a quest": {"quests": [{"key": "rider", "title": "Rider", "tasks": [RIDE], "benefits": GIVES_CUP}]},
    "a stamp card": {
        "stampCards": [{"key": "tea", "title": "T", "slots": 1, "rewards": [{"slot": 1, "benefits": GIVES_CUP}]}]
    },
    "a tier": {"milestoneSets": [{"key": "tiers", "title": "Tiers", "isTier": True, "milestones": [GOLD]}]},
}


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


@pytest.fixture
def given(acme, ada):
    """Let Ada have a reward for nothing, as whatever gives does."""

    def give(reward, source="q1"):
        occasion = Occasion(source=ledger.Source("quest", source), action="quest")
        benefit = [{"kind": "reward", "reward": reward.key}]
        benefits.give(benefit, business=acme, account_id=ada.pk, occasion=occasion)
        return Redemption.objects.for_business(acme).get(source_id__startswith=source)

    return give


def test_is_called_for_a_redemption_that_points_paid_for(
    integration_api, callback, consumer, ada, give, voucher, deliver
):
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


class TestWhatIsGiven:
    def test_is_told_with_no_points(self, callback, consumer, voucher, given, deliver):
        redemption = given(voucher)
        deliver()

        (heard,) = consumer.heard
        event = Event.objects.get(topic="redemptions/given")
        assert heard.event == {
            "userId": "ada-1",
            "optionId": str(voucher.pk),
            "purchaseProductId": str(redemption.pk),
            "amount": 10.0,
            "tokenAmount": 0,
            "tokenRate": 0.0,
            "transactionId": str(redemption.pk),
            "createdAt": event.created_at.isoformat().replace("+00:00", "Z"),
        }

    @pytest.mark.parametrize("giver", GIVERS)
    def test_is_told_once_whatever_gives_it(self, api, integration_api, callback, consumer, ada, give, deliver, giver):
        assert api.put("/programme", {"rewards": [CUP], **GIVERS[giver]}).status_code == 200
        ride = {"id": "1", "userId": "ada-1", "eventId": "ride", "value": 1, "createdAt": "2026-05-01 12:00:00"}
        order = {"id": "1", "customer": {"externalId": "ada-1"}, "total": "50.00", "financialStatus": "paid"}
        integration_api.post("/event", ride)
        api.post("/orders", order)
        give(ada, 100)
        deliver()

        (redemption,) = api.get("/redemptions").json()["redemptions"]
        assert [(heard.event["purchaseProductId"], heard.event["tokenAmount"]) for heard in consumer.heard] == [
            (redemption["id"], 0)
        ]

    def test_is_told_again_by_a_replay(self, acme, callback, consumer, voucher, given, deliver):
        redemption = given(voucher)
        deliver()
        again = deliveries.replay(business=acme, endpoint_id=callback.pk, since=redemption.created_at)
        deliver()

        assert (again, [heard.event["tokenAmount"] for heard in consumer.heard]) == (1, [0, 0])

    def test_is_told_beside_what_is_bought(
        self, integration_api, callback, consumer, ada, give, voucher, given, deliver
    ):
        give(ada, 1000)
        given(voucher)
        redeem(integration_api, voucher)
        deliver()

        assert sorted(heard.event["tokenAmount"] for heard in consumer.heard) == [0, 400]

    def test_is_no_movement_of_points_for_other_endpoints(self, subscribe, consumer, voucher, given, deliver):
        subscribe(topics=["points/redeemed"])
        given(voucher)
        deliver()

        assert consumer.heard == []
