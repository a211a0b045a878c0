"""What the examples of this app's part of the schema say."""

from loyalty.api.examples import ADVOCATE_ID, EARLIER, NOW, QUEST_ID, RULE_ID, TASK_ID, Example

ADVOCATE: Example = {
    "id": ADVOCATE_ID,
    "externalId": "customer-1815",
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "firstName": None,
    "lastName": None,
    "phone": None,
    "locale": "en",
    "timezone": "Europe/London",
    "birthday": "1990-12-10",
    "metadata": {"source": "store"},
    "tier": "silver",
    "tierIsManual": False,
    "points": 750,
    "pendingPoints": 50,
    "lifetimePoints": 1200,
    "segments": ["regulars"],
    "referralUrl": None,
    "status": "active",
    "lastSeenAt": NOW,
    "createdAt": EARLIER,
    "updatedAt": NOW,
}
CUSTOMER: Example = {
    **{name: ADVOCATE[name] for name in ("id", "externalId", "email", "name", "phone", "locale", "metadata")},
    "firstName": "Ada",
    "lastName": "Lovelace",
    "birthdayMonth": 12,
    "birthdayDay": 10,
    "acceptsMarketing": True,
    "tags": ["vip"],
    "pointBalance": 750,
    "lifetimePoints": 1200,
    "currentLoyaltyTier": {"id": "01890a5d-ac96-7e1a-8c7b-6a5b4c3d2e1f", "title": "Silver"},
    "referralUrl": None,
    "loyaltyCard": "7K3MX2QJH8VNRD4WTH",
    "segments": ["regulars"],
    "lastSeenAt": NOW,
    "createdAt": EARLIER,
    "updatedAt": NOW,
}
MEMBERSHIP: Example = {
    "key": "club",
    "title": "Coffee club",
    "perks": ["Free shipping"],
    "joinedAt": EARLIER,
    "endsAt": None,
}
STAMP_CARD: Example = {
    "key": "coffee",
    "title": "Coffee card",
    "slots": 10,
    "filled": 4,
    "fullCards": 1,
    "rewards": [
        {
            "slot": 10,
            "title": "A coffee on us",
            "isStamped": False,
            "benefits": [{"kind": "metric", "metric": "points", "quantity": 350}],
        }
    ],
}
ORDER_LINE: Example = {
    "id": "1",
    "productId": "beans",
    "variantId": None,
    "sku": "BEANS-1KG",
    "quantity": 2,
    "refundedQuantity": 0,
    "price": "21.00",
    "discount": "0.00",
    "amount": "42.00",
}
RULE_SAID: Example = {
    "ruleId": RULE_ID,
    "key": "purchase",
    "title": "Points for purchases",
    "points": 210,
    "metric": "points",
    "reason": None,
    "caps": [],
}
ORDER: Example = {
    "id": "1001",
    "number": "#1001",
    "customerId": ADVOCATE_ID,
    "currency": "EUR",
    "subtotal": "42.00",
    "discountTotal": "0.00",
    "shippingTotal": "4.90",
    "taxTotal": "0.00",
    "total": "46.90",
    "refundedTotal": "0.00",
    "financialStatus": "paid",
    "discountCodes": [],
    "referralCode": None,
    "flags": [],
    "pointsEarned": 210,
    "pointsReversed": 0,
    "qualifiedAt": NOW,
    "createdAt": NOW,
    "updatedAt": NOW,
}
PRODUCT: Example = {
    "id": "beans",
    "title": "Espresso beans",
    "handle": "espresso-beans",
    "imageUrl": "https://cdn.example.com/beans.jpg",
    "status": "active",
    "price": "21.00",
    "currency": "EUR",
    "collectionIds": ["coffee"],
    "variants": [{"id": "1kg", "title": "1 kg", "sku": "BEANS-1KG", "price": "21.00"}],
    "createdAt": EARLIER,
    "updatedAt": NOW,
}
COLLECTION: Example = {
    "id": "coffee",
    "title": "Coffee",
    "productIds": ["beans"],
    "createdAt": EARLIER,
    "updatedAt": NOW,
}
MAPPING: Example = {
    "id": "01890a5d-ac96-7a01-9d3e-2f4b6c8d0e12",
    "advocateId": ADVOCATE_ID,
    "externalCustomerId": "outlet-77",
    "externalEmail": "ada@outlet.example",
    "externalName": "A. Lovelace",
    "createdAt": NOW,
}
HELD: Example = {"advocateId": ADVOCATE_ID, "held": {"testimonials": []}}
EXPORT: Example = {
    "advocateId": ADVOCATE_ID,
    "exportedAt": NOW,
    "held": {"profile": {"email": "ada@example.com", "name": "Ada Lovelace"}, "testimonials": []},
    "merged": [],
}
EXPIRING: Example = {"amount": 100, "expiresAt": "2026-12-31T23:00:00Z"}
POINTS: Example = {
    "balance": 750,
    "pending": 50,
    "lifetimeEarned": 1200,
    "lifetimeSpent": 450,
    "metrics": {"points": 750, "xp": 40},
}
TRANSACTION: Example = {
    "id": "01890a5d-ac96-7311-8f3a-7b6c5d4e3f21",
    "advocateId": ADVOCATE_ID,
    "type": "earn",
    "metric": "points",
    "amount": 100,
    "balanceAfter": 750,
    "description": "Welcome",
    "source": {"type": "earn_rule", "id": f"01890a5d-ac96-7190-a2b4-3c4d5e6f7081:{RULE_ID}"},
    "ruleId": RULE_ID,
    "ruleVersion": 2,
    "createdAt": NOW,
}
MADE_LOT: Example = {
    "id": TRANSACTION["id"],
    "amount": 100,
    "remaining": 80,
    "expiresAt": "2026-12-31T23:00:00Z",
    "pendingUntil": None,
}
WHY: Example = {
    "rule": RULE_ID,
    "version": 2,
    "inputs": {"rule": "welcome", "multiplier": "1", "tierMultiplier": "5/4", "exact": "100"},
    "caps": [],
}
TESTIMONIAL: Example = {
    "id": "01890a5d-ac96-7455-b1c2-8d9e0f1a2b3c",
    "advocateId": ADVOCATE_ID,
    "rating": 5,
    "title": "Best beans in town",
    "body": "I come back every week.",
    "source": "checkout",
    "media": ["https://cdn.example.com/beans.jpg"],
    "consent": True,
    "consentAt": EARLIER,
    "status": "approved",
    "reason": "Checked against the order",
    "createdAt": EARLIER,
    "updatedAt": NOW,
}
BOARD: Example = {
    "id": "01890a5d-ac96-7566-8a9b-0c1d2e3f4a5b",
    "key": "ideas-for-our-shops",
    "title": "Ideas for our shops",
    "description": "What should we do next?",
    "ideas": 12,
    "createdAt": EARLIER,
}
IDEA: Example = {
    "id": "01890a5d-ac96-7677-9b8a-1c2d3e4f5a6b",
    "boardId": BOARD["id"],
    "advocateId": ADVOCATE_ID,
    "title": "Oat milk",
    "body": "For the flat white, please.",
    "status": "planned",
    "votes": 41,
    "response": "From May on.",
    "createdAt": EARLIER,
    "updatedAt": NOW,
}
QUESTION: Example = {
    "key": "recommend",
    "kind": "nps",
    "text": "Would you recommend us?",
    "options": [],
    "multiple": False,
    "required": True,
    "answers": 20,
    "score": 45,
    "counts": {"8": 7, "9": 13},
}
SURVEY: Example = {
    "id": "01890a5d-ac96-7788-8c7b-2d3e4f5a6b7c",
    "key": "coffee",
    "title": "How was your coffee?",
    "description": "",
    "status": "active",
    "repeatable": False,
    "responses": 20,
    "score": 45,
    "createdAt": EARLIER,
    "updatedAt": EARLIER,
}
RESPONSE: Example = {
    "id": "01890a5d-ac96-7899-9d6c-3e4f5a6b7c8d",
    "surveyId": SURVEY["id"],
    "advocateId": ADVOCATE_ID,
    "score": 9,
    "answers": [{"question": "recommend", "answer": 9}],
    "createdAt": NOW,
}
RECOGNIZED: Example = {"advocateId": ADVOCATE_ID, "sessionToken": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTg5In0.c2ln"}
DONE_ITEM: Example = {"index": 0, "status": 200, "error": None}
MOVED_ITEM: Example = {**DONE_ITEM, "newBalance": 750}
JOINED_ITEM: Example = {**DONE_ITEM, "status": 201}
TAKEN_ITEM: Example = {**DONE_ITEM, "outcome": "matched", "pointsAwarded": 10, "alreadyCounted": False}
BATCH: Example = {"batchId": "01890a5d-ac96-79aa-8e5d-4f5a6b7c8d9e", "succeeded": 1, "failed": 0}
USER: Example = {
    "userId": "customer-1815",
    "advocateId": ADVOCATE_ID,
    "createdAt": EARLIER,
    "tier": "silver",
    "segments": ["regulars"],
}
USER_TIER: Example = {
    "key": "silver",
    "title": "Silver",
    "next": {"key": "gold", "title": "Gold", "threshold": 5000},
    "progress": {"value": 1200, "target": 5000},
}
USER_QUEST: Example = {
    "id": QUEST_ID,
    "key": "commuter",
    "title": "Commuter",
    "subtitle": "Ten rides",
    "description": "Ten rides in your first week",
    "isCompleted": False,
    "progress": {"value": 0.0, "target": 1},
    "points": 50,
    "deadline": "2026-05-31T22:00:00Z",
}
USER_EVENT: Example = {
    "id": "ride-4711",
    "userId": "customer-1815",
    "eventId": "ride_completed",
    "value": 12,
    "createdAt": "2026-05-01 12:00:00",
    "eventTags": ["weekend"],
    "data": {"city": "Ulm"},
}
MISSION: Example = {
    "id": TASK_ID,
    "questId": QUEST_ID,
    "title": "Ride ten times",
    "description": "",
    "type": "event",
    "progress": {"value": 4.0, "target": 10},
    "status": "active",
    "points": 10,
    "deadline": "2026-05-31T22:00:00Z",
}
