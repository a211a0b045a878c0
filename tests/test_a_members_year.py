"""A member's year, told step by step over the API, in a sandbox whose clock is moved.

Mara likes coffee. Every chapter ends with what she has, as a sum that can be followed by hand, and with books that
balance.
"""

from calendar import isleap
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.models import Business
from loyalty.services import settlement, verification
from tests import cast
from tests.books import invariants

PROGRAMME = {
    "earnRules": [
        {"key": "signup", "title": "Welcome", "trigger": "signup", "earn": {"points": 50}},
        {
            "key": "beans",
            "title": "A bag of beans",
            "trigger": "beans_bought",
            "earn": {"points": 100},
            "pendingDays": 14,
            "expiresAfterDays": 90,
            "tierMultiplier": True,
        },
        {"key": "praise", "title": "A testimonial", "trigger": "testimonial_approved", "earn": {"points": 75}},
        {"key": "birthday", "title": "Happy birthday", "trigger": "birthday", "earn": {"points": 30}},
        {
            "key": "class",
            "title": "A barista class",
            "trigger": "class_attended",
            "earn": {"points": 25},
            "limit": {"times": 2, "period": "monthly"},
        },
        {
            "key": "purchase",
            "title": "Points for purchases",
            "trigger": "order_paid",
            "earn": {"points": 5, "per": "1.00", "currency": "EUR"},
        },
    ],
    "milestoneSets": [
        {
            "key": "tiers",
            "title": "Tiers",
            "isTier": True,
            "milestones": [
                {"key": "bronze", "title": "Bronze", "threshold": 0},
                {"key": "silver", "title": "Silver", "threshold": 300, "multiplier": [3, 2]},
            ],
        }
    ],
}
FIRST_STEPS = {
    "title": "First steps",
    "tasks": [
        {"title": "Fill in your profile", "type": "manual", "points": 10},
        {"title": "Follow us", "type": "social", "points": 5},
    ],
    "reward": {"points": 50},
}
GRINDER = {"name": "Grinder", "type": "custom", "pointsCost": 200, "stock": 1}


@dataclass
class Shop:
    """What the merchant's backend does, and when."""

    api: cast.ApiClient
    year: int

    def on(self, day: int, month: int) -> None:
        """Nine o'clock of a day; Celery beat has been there."""
        now = datetime(self.year, month, day, 9, tzinfo=UTC).isoformat()
        self.says("post", "/test-clock", {"now": now})
        settlement.settle_due()

    def says(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = getattr(self.api, method)(path, body, **headers)
        assert answer.status_code in (200, 201), answer.content
        return answer.json()

    def joins(self, email: str, **rest: str) -> str:
        return str(self.says("post", "/advocates", {"email": email, **rest})["advocate"]["id"])

    def tells(self, event: str, of: str, event_id: str) -> int:
        """Report an event. Answers what it paid."""
        item = {"advocateId": of, "event": event, "eventId": event_id}
        (result,) = self.says("post", "/batch/events", {"items": [item]})["results"]
        return int(result["pointsAwarded"])

    def has(self, who: str, points: int, *, pending: int = 0, lifetime: int, tier: str) -> None:
        """The end of a chapter: what somebody has, and that the books balance."""
        wallet = self.api.get(f"/advocates/{who}/points").json()
        advocate = self.api.get(f"/advocates/{who}").json()["advocate"]
        assert (wallet["balance"], wallet["pending"]) == (points, pending)
        assert (advocate["lifetimePoints"], advocate["tier"]) == (lifetime, tier)
        assert verification.verify() == []
        assert invariants.offences() == []


@pytest.fixture
def shop(acme: Business) -> Shop:
    ahead = count(clock.wall().year + 1)  # the clock of a sandbox never goes back
    shop = Shop(cast.client_of(acme.sandbox), year=next(year for year in ahead if not isleap(year)))
    shop.on(1, 1)
    shop.says("put", "/programme", PROGRAMME)
    return shop


def test_a_members_year(shop):
    quest = shop.says("post", "/quests", FIRST_STEPS)["quest"]["id"]
    grinder = shop.says("post", "/rewards", GRINDER)["reward"]["id"]

    mara = january(shop, quest)
    february(shop, mara)
    march(shop, mara)
    april(shop, mara)
    redemption = may(shop, mara, grinder)
    june(shop, mara, grinder, redemption)
    summer(shop, mara)
    late_summer(shop, mara)
    autumn(shop, mara)
    december(shop, mara)


def january(shop: Shop, quest: str) -> str:
    """She joins, and finds her way around."""
    shop.on(10, 1)
    mara = shop.joins("mara@example.com")
    shop.has(mara, 50, lifetime=50, tier="bronze")

    shop.on(20, 1)
    for task in shop.api.get(f"/quests/{quest}").json()["tasks"]:
        for _ in range(2):  # the second time is a repeat
            shop.says("post", f"/quests/{quest}/complete", {"advocateId": mara, "taskId": task["id"]})
    shop.has(mara, 50 + 10 + 5 + 50, lifetime=115, tier="bronze")
    return mara


def february(shop: Shop, mara: str) -> None:
    """Her first beans: two weeks to send them back, so the points ripen on the 19th."""
    shop.on(5, 2)
    assert shop.tells("beans_bought", mara, "order-1") == 100
    assert shop.tells("beans_bought", mara, "order-1") == 0
    shop.has(mara, 115, pending=100, lifetime=115, tier="bronze")

    shop.on(20, 2)
    shop.has(mara, 115 + 100, lifetime=215, tier="bronze")


def march(shop: Shop, mara: str) -> None:
    """She says how she likes them, and brings Finn."""
    shop.on(3, 3)
    said = {"advocateId": mara, "rating": 4, "title": "Good beans", "body": "Nutty.", "consent": True}
    testimonial = shop.says("post", "/testimonials", said)["testimonial"]["id"]
    shop.has(mara, 215, lifetime=215, tier="bronze")
    shop.says("patch", f"/testimonials/{testimonial}", {"status": "approved"})
    shop.has(mara, 215 + 75, lifetime=290, tier="bronze")

    shop.on(14, 3)
    shop.says("post", "/referrals", {"advocateId": mara, "code": "MARA-1"})
    finn = shop.joins("finn@example.com", externalId="finn")
    order = {"code": "MARA-1", "orderId": "finn-1", "orderValue": "18.00", "friendExternalId": "finn"}
    assert shop.says("post", "/referrals/convert", order)["pointsAwarded"] == 200
    shop.has(mara, 290 + 200, lifetime=490, tier="silver")
    shop.has(finn, 50 + 100, lifetime=150, tier="bronze")


def april(shop: Shop, mara: str) -> None:
    """Beans again. On silver they are worth half as much more; these points last until the end of 14 July."""
    shop.on(1, 4)
    assert shop.tells("beans_bought", mara, "order-2") == 150

    shop.on(20, 4)
    shop.has(mara, 490 + 150, lifetime=640, tier="silver")


def may(shop: Shop, mara: str, grinder: str) -> str:
    """She buys the grinder: with the points that expire soonest, which are those of both orders."""
    shop.on(2, 5)
    bought = shop.says("post", f"/rewards/{grinder}/redeem", {"advocateId": mara})["redemption"]
    shop.has(mara, 640 - 200, lifetime=640, tier="silver")
    assert shop.api.get(f"/rewards/{grinder}").json()["reward"]["stockRemaining"] == 0
    return str(bought["id"])


def june(shop: Shop, mara: str, grinder: str, redemption: str) -> None:
    """It does not fit; what she had paid comes back, and 100 of it has expired meanwhile: at the end of 20 May."""
    shop.on(15, 5)
    shop.says("post", f"/redemptions/{redemption}/cancel", {"reason": "Too large"})
    shop.has(mara, 440 + 200, lifetime=640, tier="silver")

    shop.on(20, 5)
    shop.has(mara, 640, lifetime=640, tier="silver")
    shop.on(21, 5)
    shop.has(mara, 640 - 100, lifetime=640, tier="silver")

    shop.on(10, 6)
    shop.says("post", f"/rewards/{grinder}/redeem", {"advocateId": mara})
    shop.has(mara, 540 - 200, lifetime=640, tier="silver")


def summer(shop: Shop, mara: str) -> None:
    """Her birthday is once a year. Of order 2 nothing is left that could expire in July."""
    shop.on(2, 7)
    assert [shop.tells("birthday", mara, f"birthday-{number}") for number in range(2)] == [30, 0]

    shop.on(1, 8)
    shop.has(mara, 340 + 30, lifetime=670, tier="silver")


def late_summer(shop: Shop, mara: str) -> None:
    """She orders cups, sends one back and gets a discount on the other; and an order that the shop voids."""
    shop.on(20, 8)
    cups = {
        "id": "1001",
        "customer": {"email": "mara@example.com"},
        "total": "40.00",
        "financialStatus": "paid",
        "lines": [{"id": "cups", "quantity": 2, "price": "20.00"}],
    }
    assert [shop.says("post", "/orders", cups)["pointsAwarded"] for _ in range(2)] == [200, 0]
    shop.has(mara, 370 + 200, lifetime=870, tier="silver")

    shop.on(25, 8)
    sent_back = {"refunds": [{"id": "r-1", "lines": [{"lineId": "cups", "quantity": 1}]}]}
    assert [shop.says("patch", "/orders/1001", sent_back)["pointsReversed"] for _ in range(2)] == [100, 0]
    cheaper = {"refunds": [{"id": "r-2", "amount": "5.00"}]}  # a quarter of the cup that she keeps
    assert shop.says("patch", "/orders/1001", cheaper)["pointsReversed"] == 25
    shop.has(mara, 370 + 200 - 100 - 25, lifetime=745, tier="silver")

    shop.on(28, 8)
    assert shop.says("post", "/orders", cups | {"id": "1002"})["pointsAwarded"] == 200
    voided = [shop.says("patch", "/orders/1002", {"financialStatus": "voided"})["pointsReversed"] for _ in range(2)]
    assert voided == [200, 0]
    shop.has(mara, 445, lifetime=745, tier="silver")


def autumn(shop: Shop, mara: str) -> None:
    """Two classes a month count. One was somebody else's, says the shop, and takes points away."""
    shop.on(9, 9)
    assert [shop.tells("class_attended", mara, f"class-{number}") for number in range(3)] == [25, 25, 0]
    shop.on(1, 10)
    assert shop.tells("class_attended", mara, "class-3") == 25
    shop.says("post", f"/advocates/{mara}/points", {"amount": -25, "description": "Not her class"})
    refused = shop.api.post(f"/advocates/{mara}/points", {"amount": -1_000})
    assert refused.json()["error"]["code"] == "INSUFFICIENT_POINTS"
    shop.has(mara, 445 + 25 + 25 + 25 - 25, lifetime=820, tier="silver")


def december(shop: Shop, mara: str) -> None:
    """She had joined twice: the two become one. The year adds up, and still does when she wants to be forgotten."""
    shop.on(6, 12)
    twin = shop.joins("mara@work.example")
    shop.says("post", f"/advocates/{twin}/merge", {"intoAdvocateId": mara})
    bought = 200 - 100 - 25
    earned = 50 + 65 + 100 + 75 + 200 + 150 + 30 + bought + 75 + 50
    spent, expired, taken = 200, 100, 25
    shop.has(mara, earned - spent - expired - taken, lifetime=earned, tier="silver")

    listed = shop.api.get(f"/advocates/{mara}/transactions", limit=100).json()["transactions"]
    assert sum(entry["amount"] for entry in listed) == earned - spent - expired - taken == 545

    shop.on(31, 12)
    assert shop.api.delete(f"/advocates/{mara}").status_code == 204
    assert verification.verify() == []
    assert invariants.offences() == []
