"""Signed webhooks, and a visitor of the demo's shop."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
JSON = {"Content-Type": "application/json"}


def told(topic: str = "points/redeemed", **data: Any) -> dict[str, Any]:
    """A webhook's body."""
    about = {"customer": {"name": "Lena Vogt"}, "points": 800, "type": "debit", "couponCode": "TEN-1"}
    worth = {"rewardType": "amount_discount", "value": "10.00", "currency": "EUR"}
    return {"type": topic, "created": "2026-05-01T12:00:00Z", "data": about | worth | data}


def signed(body: bytes, *, secret: str = SECRET, at: datetime | None = None, message: str = "evt_1") -> dict[str, str]:
    """Its headers, as a library of the standard makes them."""
    at = at or datetime.now(UTC)
    signature = Webhook(secret).sign(message, at, body.decode())
    return {"webhook-id": message, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


class Visitor:
    """A browser with its cookies, or Laurel."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = build_opener(HTTPCookieProcessor(), ProxyHandler({}))

    def get(self, path: str) -> tuple[int, str]:
        return self._send(Request(self.url + path))

    def post(self, path: str, body: Any, headers: dict[str, str] = JSON) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, text = self._send(Request(self.url + path, data, headers))
        return status, json.loads(text) if text else None

    def tell(self, event: Any, **how: Any) -> int:
        """Send a webhook."""
        body = json.dumps(event).encode()
        return self.post("/webhooks", body, JSON | signed(body, **how))[0]

    def sign_in(self, customer: str = "customer-1001") -> "Visitor":
        self.get("/")
        assert self.post("/sign-in", {"customer": customer})[0] == 200
        return self

    def _send(self, request: Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=30) as response:
                return response.status, response.read().decode()
        except HTTPError as refusal:
            return refusal.code, refusal.read().decode()
