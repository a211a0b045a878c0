"""For receivers that check a hex HMAC-SHA256 of the raw body."""

import hashlib
import hmac

from webhooks.services.kinds.base import Message, named

NAME = "hmac-sha256-hex"
TOPICS = None
BESIDE = ()


def body_of(published: bytes) -> bytes:
    return published


def sign(message: Message) -> dict[str, str]:
    signatures = [hmac.digest(secret.encode(), message.body, hashlib.sha256).hex() for secret in message.secrets]
    return {"X-Timestamp": str(message.timestamp), **named("X-Signature", signatures)}
