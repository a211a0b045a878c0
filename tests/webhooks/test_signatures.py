"""Whoever has the secret can prove that a body is ours and whole; nobody else can."""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import get_args

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from loyalty.kernel import clock
from rewards.services import redemptions, rewards
from webhooks.api import shapes
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import endpoints, packing, relay, signing
from webhooks.services.kinds.base import Message
from webhooks.services.signing import PROFILES

TEXTS = st.dictionaries(st.text(max_size=20), st.text(max_size=200) | st.integers(-(2**53), 2**53), max_size=5)


def signed(body, secret, *, id="evt_1"):
    message = Message(id=id, timestamp=int(clock.wall().timestamp()), body=body, secrets=[secret])
    return {"webhook-id": id, **PROFILES["standard"].sign(message)}


class TestStandardSignature:
    @settings(max_examples=1000, deadline=None)
    @given(data=TEXTS, which=st.sampled_from(["body", "webhook-id", "webhook-timestamp"]), at=st.integers(0))
    def test_is_accepted_by_the_independent_library_and_refused_after_any_bit_flip(self, data, which, at):
        secret = signing.new_secret()
        body = orjson.dumps(data)
        headers = signed(body, secret)
        assert Webhook(secret).verify(body, headers) == data

        if which == "body":
            body = flipped(body, at)
        else:
            headers[which] = flipped(headers[which].encode(), at).decode("latin-1")

        with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
            Webhook(secret).verify(body, headers)

    def test_of_another_secret_is_refused(self):
        headers = signed(b"{}", signing.new_secret())

        with pytest.raises(WebhookVerificationError):
            Webhook(signing.new_secret()).verify(b"{}", headers)

    def test_secrets_carry_256_bits(self):
        secrets = {signing.new_secret() for _ in range(100)}

        assert len(secrets) == 100
        assert {len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) for secret in secrets} == {32}


def flipped(text: bytes, bit: int) -> bytes:
    changed = bytearray(text)
    changed[bit // 8 % len(text)] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.django_db(transaction=True)
class TestRotation:
    def test_signs_with_both_secrets_for_a_day_and_then_with_the_new_one(
        self, acme, subscribe, consumer, ada, give, deliver
    ):
        endpoint = subscribe(topics=["points/earned"])
        old, now = endpoint.secret, clock.wall()
        _, new = endpoints.rotate(business=acme, endpoint_id=endpoint.pk)
        for hours in (1, 23, 25):
            with clock.moved_to(now + timedelta(hours=hours)):
                give(ada, 1)
                deliver()

        accepted = [(accepts(new, heard), accepts(old, heard)) for heard in consumer.heard]
        assert accepted == [(True, True), (True, True), (True, False)]

    def test_keeps_one_old_secret(self, acme, subscribe):
        endpoint = subscribe()
        _, second = endpoints.rotate(business=acme, endpoint_id=endpoint.pk)
        rotated, third = endpoints.rotate(business=acme, endpoint_id=endpoint.pk)

        assert signing.live_secrets(rotated, at=clock.wall()) == [third, second]


def accepts(secret: str, heard) -> bool:
    """Whether a receiver with one secret takes it, at the time that the message names."""
    stamp = heard.headers["webhook-timestamp"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{heard.headers['webhook-id']}.{stamp}.".encode() + heard.body
    expected = "v1," + base64.b64encode(hmac.digest(key, text, "sha256")).decode()
    return expected in heard.headers["webhook-signature"].split(" ")


@pytest.mark.django_db(transaction=True)
class TestOtherProfiles:
    def test_hex_signs_the_raw_body(self, subscribe, consumer, ada, deliver):
        endpoint = subscribe(signature_profile="hmac-sha256-hex", topics=["customers/joined"])

        deliver()

        (heard,) = consumer.heard
        expected = hmac.new(endpoint.secret.encode(), heard.body, hashlib.sha256).hexdigest()
        assert heard.headers["x-signature"] == expected
        assert abs(int(heard.headers["x-timestamp"]) - clock.wall().timestamp()) < 60
        assert heard.event["type"] == "customers/joined"
        assert "webhook-signature" not in heard.headers

    def test_hex_signs_with_the_old_secret_beside_the_new_one(self, acme, subscribe, consumer, ada, deliver):
        endpoint = subscribe(signature_profile="hmac-sha256-hex", topics=["customers/joined"])
        _, new = endpoints.rotate(business=acme, endpoint_id=endpoint.pk)

        deliver()

        (heard,) = consumer.heard
        signatures = [hmac.new(s.encode(), heard.body, hashlib.sha256).hexdigest() for s in (new, endpoint.secret)]
        assert [heard.headers["x-signature"], heard.headers["x-signature-previous"]] == signatures

    def test_callback_tells_a_redemption_in_its_own_words(self, acme, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe(signature_profile="callback-sha512", topics=["points/redeemed"])
        reward = rewards.create(
            business=acme, name="5 off", type="amount_discount", points_cost=400, value="5.00", currency="EUR"
        )
        give(ada, 500)
        redemption = redemptions.redeem(business=acme, reward_id=reward.pk, advocate_id=ada.pk)

        deliver()

        (heard,) = consumer.heard
        fingerprint = hashlib.md5(heard.body).hexdigest().encode()
        signature = base64.b64encode(hmac.digest(endpoint.secret.encode(), fingerprint, "sha512")).decode()
        assert heard.headers["x-request-signature"] == signature
        said = heard.event
        assert {said.pop("transactionId"), said.pop("createdAt")} != {None}
        assert said == {
            "userId": "ada-1",
            "optionId": str(reward.pk),
            "purchaseProductId": str(redemption.pk),
            "amount": 5.0,
            "tokenAmount": 400,
            "tokenRate": 80.0,
        }

    def test_callback_tells_nothing_of_what_was_owed_under_another_profile(
        self, acme, subscribe, consumer, ada, give, deliver
    ):
        """Points that were earned are no redemption, and who joined is no failure of the endpoint's."""
        endpoint = subscribe(topics=["*"])
        give(ada, 100)
        relay.relay()
        endpoints.update(
            business=acme, endpoint_id=endpoint.pk, topics=["points/redeemed"], signature_profile="callback-sha512"
        )

        deliver()

        endpoint.refresh_from_db()
        assert (consumer.heard, endpoint.failures) == ([], 0)
        assert set(Delivery.objects.values_list("status", flat=True)) == {"failed"}
        assert set(Attempt.objects.values_list("error", flat=True)) == {packing.NOT_CARRIED}

    def test_callback_goes_without_a_reward(self):
        body = PROFILES["callback-sha512"].body_of(
            orjson.dumps(
                {"created": "x", "data": dict.fromkeys(("value", "rewardId", "redemptionId", "id")) | {"points": 7}}
            )
        )

        said = orjson.loads(body)
        assert (said["amount"], said["tokenAmount"], said["tokenRate"], said["userId"]) == (0, 7, 0, None)


@pytest.mark.django_db(transaction=True)
class TestSecret:
    def test_is_sealed_for_its_own_endpoint(self, subscribe, consumer, ada, deliver):
        one, other = subscribe(), subscribe()
        stored = Endpoint.objects.get(pk=one.pk)
        assert one.secret.encode() not in bytes(stored.secret_sealed)

        Endpoint.objects.filter(pk=other.pk).update(secret_sealed=stored.secret_sealed)
        deliver()

        assert Delivery.objects.get(endpoint=other, topic="customers/joined").status == "pending"


def test_every_profile_is_offered_by_the_api():
    assert get_args(shapes.Profile) == tuple(PROFILES)
