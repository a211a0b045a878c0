"""Every topic there is, with an example of its data, and which of them a subscription means."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from loyalty.kernel.errors import Invalid

ALL = "*"

_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
_OTHER_ID = "01890a5d-ac96-7ab2-80e2-4c1f53a0d0c2"
_AT = "2026-05-01T12:00:00Z"
_BRONZE = {"id": "01890a5d-ac96-7d3e-9f4a-1b2c3d4e5f60", "title": "Bronze"}
_SILVER = {"id": "01890a5d-ac96-7e1a-8c7b-6a5b4c3d2e1f", "title": "Silver"}
_CUSTOMER: dict[str, Any] = {
    "id": _ID,
    "externalId": "customer-1815",
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "birthdayMonth": 12,
    "birthdayDay": 10,
    "referralUrl": "https://example.com/r/ADA-1815",
    "pointBalance": 750,
    "currentLoyaltyTier": _SILVER,
    "createdAt": "2026-01-05T09:30:00Z",
    "updatedAt": _AT,
}
_FRIEND = _CUSTOMER | {"id": _OTHER_ID, "externalId": "customer-1871", "email": "charles@example.com"}


def _points(kind: str, points: int, action: str) -> dict[str, Any]:
    return {
        "customer": _CUSTOMER,
        "id": _OTHER_ID,
        "action": action,
        "points": points,
        "type": kind,
        "ruleId": None,
        "rewardType": None,
        "rewardId": None,
        "redemptionId": None,
        "value": None,
        "currency": None,
    }


_SOLD = {
    "action": "reward",
    "couponCode": "ACME-7H2K-9QXM",
    "rewardType": "fixed_discount",
    "rewardId": "01890a5d-ac96-7f00-a1b2-c3d4e5f60718",
    "redemptionId": "01890a5d-ac96-7f11-b2c3-d4e5f6071829",
    "value": "5.00",
    "currency": "EUR",
}


def _redemption(status: str) -> dict[str, Any]:
    return {
        "customer": _CUSTOMER,
        "id": _SOLD["redemptionId"],
        "rewardId": _SOLD["rewardId"],
        "rewardName": "5 € off",
        "rewardType": _SOLD["rewardType"],
        "advocateId": _ID,
        "status": status,
        "points": 250,
        "quantity": 1,
        "couponCode": _SOLD["couponCode"],
        "value": _SOLD["value"],
        "currency": _SOLD["currency"],
        "expiresAt": None,
        "reason": None,
        "createdAt": _AT,
        "updatedAt": _AT,
    }


def _referral(
    customer_reward: str | None = None,
    friend_reward: str | None = None,
    *,
    order_id: str | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    return {
        "id": _OTHER_ID,
        "customer": _CUSTOMER,
        "friendCustomer": _FRIEND,
        "friendEmail": "charles@example.com",
        "customerReward": customer_reward,
        "friendReward": friend_reward,
        "code": "ADA-1815",
        "orderId": order_id,
        "reason": reason,
    }


def _about(**fields: Any) -> dict[str, Any]:
    return {"customer": _CUSTOMER, "id": _OTHER_ID, **fields}


EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "points/earned": _points("credit", 100, "purchase"),
    "points/redeemed": _points("debit", 250, "reward") | _SOLD,
    "points/pending": _points("credit", 100, "purchase"),
    "points/adjusted": _points("debit", 50, "operator"),
    "points/reversed": _points("debit", 100, "entry"),
    "points/expiring": _points("debit", 40, "expiry") | {"expiresAt": "2026-05-08T22:00:00Z", "warnDays": 7},
    "points/expired": _points("debit", 40, "expiry"),
    "customers/joined": {"customer": _CUSTOMER},
    "customers/updated": {"customer": _CUSTOMER},
    "customers/tier_changed": {"customer": _CUSTOMER, "oldTier": _BRONZE, "newTier": _SILVER},
    "customers/tier_entry_reward_earned": _about(tier=_SILVER, points=100),
    "customers/milestone_changed": {
        "customer": _CUSTOMER,
        "milestoneSet": "riders",
        "oldMilestone": None,
        "newMilestone": {"id": "tourist", "title": "Tourist"},
    },
    "customers/erased": {"id": _ID},
    "tasks/completed": _about(
        questId=_ID, questKey="commuter", taskId=_OTHER_ID, taskKey="ten-rides", completedAt=_AT
    ),
    "quests/completed": _about(questId=_ID, questKey="commuter", completedAt=_AT),
    "inventory/received": _about(set="badges", item="rider", quantity=1, held=1, action="quest"),
    "inventory/lost": _about(set="badges", item="rider", quantity=1, held=0, action="operator"),
    "redemptions/created": _redemption("issued"),
    "redemptions/given": _redemption("issued") | {"points": 0},
    "redemptions/issued": _redemption("issued"),
    "redemptions/fulfilled": _redemption("fulfilled"),
    "redemptions/cancelled": _redemption("cancelled"),
    "redemptions/used": _redemption("used"),
    "redemptions/expired": _redemption("expired") | {"expiresAt": _AT},
    "referrals/started": _referral(),
    "referrals/completed": _referral("200 points", "100 points", order_id="1001"),
    "referrals/rejected": _referral(order_id="1002", reason="below_minimum"),
    "testimonials/submitted": _about(rating=5, title="Lovely", body="The best coffee.", status="pending"),
    "testimonials/approved": _about(rating=5, title="Lovely", body="The best coffee.", status="approved"),
    "testimonials/rejected": _about(rating=1, title="Spam", body="Buy now!", status="rejected"),
    "ideas/submitted": _about(boardId=_ID, title="Oat milk", body="Please.", status="open", votes=1),
    "ideas/status_changed": _about(
        boardId=_ID,
        title="Oat milk",
        body="Please.",
        status="planned",
        votes=7,
        previousStatus="open",
        response="From May on.",
        isAuthor=False,
    ),
    "surveys/answered": _about(surveyId=_ID, score=9, answers=[{"question": "q1", "answer": 9}]),
    "gift_orders/completed": {"id": _ID, "reference": "PO-1001", "status": "completed"},
    "gift_orders/failed": {"id": _ID, "reference": "PO-1002", "status": "failed"},
    "gift_cards/delivered": {"id": _ID, "orderId": _OTHER_ID, "status": "delivered"},
    "gift_cards/bounced": {"id": _ID, "orderId": _OTHER_ID, "status": "bounced", "fallback": "link"},
    "gift_cards/viewed": {"id": _ID, "orderId": _OTHER_ID, "status": "viewed"},
    "gift_cards/cancelled": {"id": _ID, "orderId": _OTHER_ID, "status": "cancelled", "reason": "unclaimed"},
    "gift_cards/guessed": {"id": _ID, "refused": 100},
    "endpoints/disabled": {"id": _ID, "url": "https://example.com/hooks", "topics": [ALL], "reason": "gone"},
}
TOPICS = tuple(EXAMPLES)
FAMILIES = tuple(dict.fromkeys(f"{topic.partition('/')[0]}/*" for topic in TOPICS))


class UnknownTopic(Invalid):
    """A subscription names what never happens."""

    def __init__(self, topic: str, *, field: str) -> None:
        known = ", ".join((ALL, "points/*", *TOPICS))
        super().__init__(f"There is no topic {topic!r}. Use some of: {known}.", field=field)


def check(subscribed: Collection[str], *, field: str = "topics") -> None:
    """:raises UnknownTopic: naming the first one that is neither a topic, nor a family, nor `*`"""
    for number, topic in enumerate(subscribed):
        if topic not in (ALL, *FAMILIES, *TOPICS):
            raise UnknownTopic(topic, field=f"{field}.{number}")


def covers(subscribed: Collection[str], topic: str) -> bool:
    """Whether a subscription means `topic`."""
    return any(pattern in subscribed for pattern in patterns_of(topic))


def patterns_of(topic: str) -> tuple[str, ...]:
    """What a subscription may name to mean `topic`."""
    return (topic, f"{topic.partition('/')[0]}/*", ALL)


def meant_by(subscribed: Collection[str]) -> Iterator[str]:
    """The topics that a subscription means."""
    return (topic for topic in TOPICS if covers(subscribed, topic))
