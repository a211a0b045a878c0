"""Whether a webhook comes from Laurel: https://www.standardwebhooks.com in plain Python."""

import base64
import hmac
from collections.abc import Mapping
from hashlib import sha256

TOLERANCE = 300  # seconds


class Forged(Exception):
    """The message was not signed with our secret just now."""


def verify(body: bytes, headers: Mapping[str, str], *, secret: str, now: float) -> str:
    """Answer the id of a genuine message.

    :raises Forged: if it is none
    """
    try:
        message, sent_at, signatures = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        is_of_now = abs(now - int(sent_at)) <= TOLERANCE
    except (KeyError, ValueError) as error:
        raise Forged from error
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message}.{sent_at}.".encode() + body, sha256)
    expected = b"v1," + base64.b64encode(digest)
    matches = [hmac.compare_digest(expected, signature.encode()) for signature in signatures.split()]
    if not is_of_now or not any(matches):
        raise Forged
    return message
