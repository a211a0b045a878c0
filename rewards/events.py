"""What happens to redemptions, and how it reads outside."""

from typing import Any

from loyalty.events import Happening
from loyalty.models import Event
from rewards.models import GiftCard, Redemption

CREATED = "redemptions/created"
GIVEN = "redemptions/given"  # beside `created`, where no points were spent
ISSUED = "redemptions/issued"
USED = "redemptions/used"
FULFILLED = "redemptions/fulfilled"
CANCELLED = "redemptions/cancelled"
EXPIRED = "redemptions/expired"

GIFT_ORDER_COMPLETED = "gift_orders/completed"
GIFT_ORDER_FAILED = "gift_orders/failed"
GIFT_CARD_DELIVERED = "gift_cards/delivered"
GIFT_CARD_BOUNCED = "gift_cards/bounced"
GIFT_CARD_VIEWED = "gift_cards/viewed"
GIFT_CARD_CANCELLED = "gift_cards/cancelled"
GIFT_CARD_GUESSED = "gift_cards/guessed"  # somebody tries codes


def happened(topic: str, redemption: Redemption) -> Happening:
    """`topic` has just happened to a redemption, which is in its new status already."""
    return Happening(redemption.business_id, topic, redemption.advocate_id, facts(redemption))


def card_happened(topic: str, card: GiftCard, **more: str | None) -> Happening:
    """`topic` has just happened to a gift card, which is in its new status already."""
    facts = {"id": str(card.pk), "orderId": str(card.order_id), "status": card.status.lower(), **more}
    return Happening(card.business_id, topic, None, facts)


def facts(redemption: Redemption) -> dict[str, Any]:
    """Also what the ledger's event of a redemption carries."""
    return {
        "redemptionId": str(redemption.pk),
        "rewardId": str(redemption.reward_id),
        "status": redemption.status,
    }


def sold(redemption: Redemption, *, event: Event) -> dict[str, Any]:
    """What `points/redeemed` says of the reward: as it was sold, whatever became of it since."""
    return {
        "couponCode": _coupon(redemption, event),
        "rewardType": redemption.terms["type"],
        "rewardId": redemption.reward_id,
        "redemptionId": redemption.pk,
        "value": redemption.terms["value"],
        "currency": redemption.terms["currency"],
    }


def redemption(redemption: Redemption, *, event: Event) -> dict[str, Any]:
    """A redemption as it was at an event, with the reward's name. It needs the reward loaded."""
    status = event.facts["status"]
    return {
        "id": redemption.pk,
        "rewardId": redemption.reward_id,
        "rewardName": redemption.reward.name,
        "rewardType": redemption.terms["type"],
        "advocateId": redemption.advocate_id,
        "status": status,
        "points": redemption.points,
        "quantity": redemption.quantity,
        "couponCode": _coupon(redemption, event),
        "value": redemption.terms["value"],
        "currency": redemption.terms["currency"],
        "expiresAt": redemption.expires_at,
        "reason": (redemption.reason or None) if status == redemption.status else None,
        "createdAt": redemption.created_at,
        "updatedAt": event.created_at,
    }


def _coupon(redemption: Redemption, event: Event) -> str | None:
    """None while it waited for an operator, also if somebody reads of that later."""
    waited = event.facts["status"] == Redemption.Status.PENDING_APPROVAL
    return None if waited else redemption.coupon_code
