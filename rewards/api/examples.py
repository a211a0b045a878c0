"""What the examples of this app's part of the schema say."""

from loyalty.api.examples import ADVOCATE_ID, EARLIER, NOW, REDEMPTION_ID, Example

REWARD: Example = {
    "id": "01890a5d-ac96-7b22-9c4d-5e6f708192a3",
    "key": "10-eur-off",
    "name": "10 EUR off",
    "description": "On your next order",
    "type": "amount_discount",
    "status": "active",
    "pointsCost": 500,
    "value": "10.00",
    "currency": "EUR",
    "stock": 100,
    "stockRemaining": 93,
    "startsAt": None,
    "endsAt": None,
    "tierKeys": [],
    "segmentKeys": [],
    "perAdvocateLimit": 2,
    "minSpend": "25.00",
    "codePrefix": "TEN",
    "productId": None,
    "codePoolKey": None,
    "increments": None,
    "approval": False,
    "acknowledgement": "none",
    "acknowledgeWithinHours": 24,
    "createdAt": EARLIER,
    "updatedAt": EARLIER,
}
REDEMPTION: Example = {
    "id": REDEMPTION_ID,
    "rewardId": REWARD["id"],
    "advocateId": ADVOCATE_ID,
    "status": "issued",
    "points": 500,
    "quantity": 1,
    "couponCode": "TEN-7KQ4M9XW2RHC",
    "expiresAt": None,
    "reason": None,
    "createdAt": NOW,
    "updatedAt": NOW,
}
COUPON: Example = {
    "id": REDEMPTION_ID,
    "title": "10 EUR off",
    "link": None,
    "coupon_id": REDEMPTION_ID,
    "coupon_type": "amount_discount",
    "coupon_code": REDEMPTION["couponCode"],
    "showOnNotification": True,
}
POOL: Example = {
    "id": "01890a5d-ac96-7c33-8d5e-6f708192a3b4",
    "key": "cinema",
    "title": "Cinema tickets",
    "status": "active",
    "total": 1000,
    "available": 958,
    "taken": 42,
    "createdAt": EARLIER,
}
