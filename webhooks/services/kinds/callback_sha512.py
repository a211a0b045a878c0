"""A callback on every redemption, bought or given, with a body of its own.

Signed by base64 of HMAC-SHA512 over the hex MD5 of the body. What was given moved no points: the redemption itself
stands for the transaction then.
"""

import hashlib
import hmac
from base64 import b64encode
from decimal import Decimal

import orjson

from webhooks.services.kinds.base import Message, named

NAME = "callback-sha512"
TOPICS = ("points/redeemed",)
BESIDE = ("redemptions/given",)


def body_of(published: bytes) -> bytes:
    event = orjson.loads(published)
    data = event["data"]
    customer = data.get("customer") or {}
    amount = Decimal(data["value"] or 0)
    fields = {
        "userId": customer.get("externalId") or customer.get("id"),
        "optionId": data["rewardId"],
        "purchaseProductId": data.get("redemptionId", data["id"]),
        "amount": float(amount),
        "tokenAmount": data["points"],
        "tokenRate": float(data["points"] / amount) if amount else 0,
        "transactionId": data["id"],
        "createdAt": event["created"],
    }
    return orjson.dumps(fields)


def sign(message: Message) -> dict[str, str]:
    fingerprint = hashlib.md5(message.body, usedforsecurity=False).hexdigest().encode()
    signatures = [
        b64encode(hmac.digest(secret.encode(), fingerprint, hashlib.sha512)).decode() for secret in message.secrets
    ]
    return named("X-REQUEST-SIGNATURE", signatures)
