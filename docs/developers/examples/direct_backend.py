"""A shop's backend that does it all itself: it tells what users do, and shows missions and rewards on its own pages.

LAUREL=https://laurel.example INTEGRATION_KEY=ik_live_… python direct_backend.py customer-42

The machine's address has to be on the business's allowlist. It needs nothing but Python.
"""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

LAUREL, KEY = os.environ["LAUREL"], os.environ["INTEGRATION_KEY"]


class Refused(Exception):
    """Laurel said no. Switch on `code`; the message says what to do."""

    def __init__(self, refusal: dict[str, Any]) -> None:
        super().__init__(refusal["message"])
        self.code = refusal["code"]


def ask(method: str, path: str, body: object = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    sent = {"X-API-KEY": KEY, "Content-Type": "application/json", **headers}
    try:
        with urlopen(Request(f"{LAUREL}/api/v1{path}", data, sent, method=method), timeout=10) as answer:
            return json.loads(answer.read() or "null")
    except HTTPError as refusal:
        raise Refused(json.load(refusal)) from refusal


def report_ride(user: str, ride: str, km: float) -> None:
    """Tell of a ride. Its id makes it count once, so a call that was cut off can simply be made again."""
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    event = {"id": ride, "userId": user, "eventId": "ride_completed", "value": km, "createdAt": now}
    try:
        ask("POST", "/event", event)
    except Refused as refusal:
        if refusal.code != "CONFLICT":  # that it was received before is as good
            raise


def claim_all(path: str) -> None:
    for mission in ask("GET", f"{path}/missions?status=claimable")["missions"]:
        claimed = ask("POST", f"{path}/missions/{mission['id']}/claim")
        print(f"{mission['title']}: {claimed['pointsAwarded']} points")


def redeem_one(path: str, attempt: str) -> None:
    """Redeem the cheapest reward that the user can have. The key makes a repeated attempt buy once."""
    can_have = [reward for reward in ask("GET", f"{path}/rewards")["rewards"] if not reward["reason"]]
    if can_have:
        reward = can_have[0]
        bought = ask("POST", f"{path}/rewards/{reward['id']}/redeem", {}, **{"Idempotency-Key": attempt})
        print(f"{reward['name']}: {bought['redemption']['couponCode']}")


def main(user: str) -> None:
    path = f"/integration/user/{quote(user, safe='')}"
    ask("PUT", path, {"name": "Ada Lovelace", "locale": "en"})
    for _ in range(2):
        report_ride(user, ride=f"ride-1-of-{user}", km=12.5)
    claim_all(path)
    redeem_one(path, attempt=f"first-reward-of-{user}")

    balance = ask("GET", f"{path}/balance")
    print(f"{balance['balance']} points, {balance['tier']['title']}")
    for item in reversed(ask("GET", f"{path}/history")["history"]):
        print(f"- {item['type']}")


if __name__ == "__main__":
    main(sys.argv[1])
