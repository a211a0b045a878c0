"""Makes a discount in your shop for every reward that somebody redeems, and tells Laurel that it is there.

    pip install standardwebhooks
    LAUREL=https://loyalty.example.com LAUREL_KEY=sk_live_… WEBHOOK_SECRET=whsec_… python discounts.py

Register http://<this machine>:8080/ for `points/redeemed`, and give your rewards `"acknowledgement": "required"`:
whatever is not acknowledged in time is cancelled, and the points return.
"""

import os
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PORT = 8080
LONGEST = 1_000_000  # bytes of a body
CONFLICT = 409


@dataclass
class Shop:
    """In place of your shop: what it keeps, by the text of the coupon. A coupon that is made twice is made once."""

    discounts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def make_discount(self, code: str, *, kind: str, value: str | None, currency: str | None) -> None:
        self.discounts.setdefault(code, {"kind": kind, "value": value, "currency": currency})


@dataclass(frozen=True)
class Laurel:
    url: str
    key: str

    def acknowledge(self, redemption_id: str) -> None:
        """Say that the discount is there. Safe to repeat: the same key has one effect."""
        request = Request(
            f"{self.url}/api/v1/redemptions/{redemption_id}/acknowledge",
            data=b"{}",
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"acknowledge-{redemption_id}",
            },
            method="POST",
        )
        try:
            urlopen(request, timeout=10).close()
        except HTTPError as refusal:
            if refusal.code != CONFLICT:  # else it does not wait for us any more
                raise


def hear(event: dict[str, Any], shop: Shop, laurel: Laurel) -> None:
    """First the discount, then the word that it is there: if we stop in between, the webhook comes again."""
    data = event["data"]
    if event["type"] == "points/redeemed" and data["couponCode"]:
        shop.make_discount(data["couponCode"], kind=data["rewardType"], value=data["value"], currency=data["currency"])
        laurel.acknowledge(data["redemptionId"])


def server(*, secret: str, shop: Shop, laurel: Laurel, port: int = PORT) -> ThreadingHTTPServer:
    webhook = Webhook(secret)

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LONGEST))
            self.send_response(self._take_in(body))
            self.end_headers()

        def _take_in(self, body: bytes) -> int:
            try:
                event = webhook.verify(body, {name.lower(): value for name, value in self.headers.items()})
                hear(event, shop, laurel)
            except WebhookVerificationError:
                return 400  # not from Laurel, or too old
            except OSError:
                return 503  # Laurel sends it again
            return 204

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: bodies and paths may name people."""

    return ThreadingHTTPServer(("", port), Receiver)


if __name__ == "__main__":
    at_laurel = Laurel(os.environ["LAUREL"], os.environ["LAUREL_KEY"])
    server(secret=os.environ["WEBHOOK_SECRET"], shop=Shop(), laurel=at_laurel).serve_forever()
