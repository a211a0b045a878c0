"""Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, one signature per live secret."""

import hashlib
import hmac
from base64 import b64decode, b64encode

from webhooks.services.kinds.base import Message

NAME = "standard"
TOPICS = None
BESIDE = ()


def body_of(published: bytes) -> bytes:
    return published


def sign(message: Message) -> dict[str, str]:
    signed = b"%s.%d.%s" % (message.id.encode(), message.timestamp, message.body)
    signatures = (_signature(secret, signed) for secret in message.secrets)
    return {"webhook-timestamp": str(message.timestamp), "webhook-signature": " ".join(signatures)}


def _signature(secret: str, signed: bytes) -> str:
    key = b64decode(secret.removeprefix("whsec_"))
    return "v1," + b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
