"""Every text that an operation takes: planted with a marker, or not about a person."""

import json
from typing import Any

MARK = "qzxjvkw"

# What is said of a person, in order. «who» is their id, «id» what the call before answered; «m» the marker.
STORY: list[tuple[str, dict[str, Any]]] = [
    (
        "POST api/v1/advocates",
        {
            "email": "«m»1@example.com",
            "name": "«m»2",
            "externalId": "«m»3",
            "locale": "de-«m»",
            "timezone": "Asia/Tokyo",
            "metadata": {"«m»4": {"deep": ["«m»5"]}},
        },
    ),
    (
        "PATCH api/v1/advocates/<uuid:advocate_id>",
        {
            "email": "«m»6@example.com",
            "name": "«m»7",
            "externalId": "«m»8",
            "locale": "en-«m»",
            "timezone": "Europe/Paris",
            "metadata": {"k": "«m»9"},
        },
    ),
    (
        "POST api/v1/integration/user/<str:external_id>/missions/<uuid:mission_id>/proof",
        {"text": "«m»48", "url": "https://example.com/«m»49"},
    ),
    ("POST api/v1/advocates/<uuid:advocate_id>/points", {"amount": 500, "description": "«m»10"}),
    (
        "POST api/v1/sso/mappings",
        {
            "advocateId": "«who»",
            "externalCustomerId": "«m»11",
            "externalEmail": "«m»12@example.com",
            "externalName": "«m»13",
        },
    ),
    ("POST api/v1/rewards/<uuid:reward_id>/redeem", {"advocateId": "«who»"}),
    ("POST api/v1/redemptions/<uuid:redemption_id>/cancel", {"reason": "«m»14"}),
    ("POST api/v1/sso/recognize", {"name": "«m»15", "email": "«m»16@example.com", "externalCustomerId": "«m»8"}),
    ("POST api/v1/rewards/<uuid:reward_id>/redeem", {"advocateId": "«who»"}),
    ("POST api/v1/redemptions/<uuid:redemption_id>/acknowledge", {"reason": "«m»21"}),
    ("POST api/v1/redemptions/<uuid:redemption_id>/fulfil", {"reason": "«m»22"}),
    (
        "POST api/v1/batch/points",
        {"items": [{"advocateId": "«who»", "amount": 5, "description": "«m»23", "idempotencyKey": "«m»24"}]},
    ),
    ("POST api/v1/events/dry-run", {"advocateId": "«who»", "event": "«m»25", "data": {"«m»26": "«m»27"}}),
    (
        "POST api/v1/batch/events",
        {"items": [{"advocateId": "«who»", "event": "«m»44", "data": {"«m»45": "«m»46"}, "eventId": "«m»47"}]},
    ),
    ("POST api/loyalty/action", {"action": "«m»28", "data": {"«m»29": "«m»30"}}),
    (
        "POST api/v1/testimonials",
        {
            "advocateId": "«who»",
            "rating": 5,
            "consent": True,
            "title": "«m»31",
            "body": "«m»32",
            "source": "«m»33",
            "media": ["https://example.com/«m»34"],
        },
    ),
    ("PATCH api/v1/testimonials/<uuid:testimonial_id>", {"status": "rejected", "reason": "«m»35"}),
    (
        "POST api/v1/feedback/boards/<uuid:board_id>/ideas",
        {"advocateId": "«who»", "title": "«m»36", "body": "«m»37"},
    ),
    ("PATCH api/v1/feedback/ideas/<uuid:idea_id>", {"status": "planned", "response": "«m»38"}),
    (
        "POST api/v1/surveys/<uuid:survey_id>/responses",
        {"advocateId": "«who»", "answers": [{"question": "q1", "answer": "«m»39"}]},
    ),
    (
        "POST api/v1/referrals",
        {"advocateId": "«who»", "code": "«m»40", "clientIp": "203.0.113.9", "userAgent": "«m»41"},
    ),
    (
        "POST api/v1/referrals/track",
        {
            "code": "ADA-1815",
            "visitorId": "«m»42",
            "landingUrl": "https://shop.example/«m»43",
            "clientIp": "203.0.113.9",
            "userAgent": "«m»41",
        },
    ),
    (
        "POST api/v1/referrals/convert",
        {
            "code": "ADA-1815",
            "orderId": "1001",
            "orderValue": "42.00",
            "visitorId": "«m»42",
            "friendEmail": "«m»6@example.com",
            "friendExternalId": "«m»8",
            "clientIp": "203.0.113.9",
            "userAgent": "«m»41",
        },
    ),
    (
        "PUT api/v1/customers/<str:external_id>",
        {
            "email": "«m»6@example.com",
            "name": "«m»7",
            "firstName": "«m»50",
            "lastName": "«m»51",
            "locale": "en-«m»",
            "tags": ["«m»52"],
            "metadata": {"«m»53": "x"},
        },
    ),
    ("POST api/v1/customers/<str:external_id>/points", {"points": 5, "summary": "«m»54"}),
    (
        "POST api/v1/orders",
        {
            "id": "1002",
            "number": "«m»55",
            "customer": {"externalId": "«m»8", "name": "«m»7"},
            "total": "5.00",
            "financialStatus": "paid",
            "discountCodes": ["«m»56"],
            "lines": [{"id": "1", "productId": "beans", "sku": "«m»57", "price": "5.00"}],
        },
    ),
]
SHOP_ID = "an id of the merchant's"
SET_UP = "what the merchant says of the programme"
NOT_ABOUT_PEOPLE = {
    "PUT api/v1/programme": SET_UP,
    "POST api/v1/programme/simulate": SET_UP,
    "POST api/v1/loyalty-cards/lookup": "a number that is looked up, and kept nowhere",
    "POST api/v1/earn-rules": SET_UP,
    "PATCH api/v1/earn-rules/<uuid:rule_id>": SET_UP,
    "POST api/v1/orders/batch": "each item is what POST /orders takes",
    "POST api/v1/customers/batch": "each item is what PUT /customers takes",
    "POST api/v1/products/batch": SET_UP,
    "PUT api/v1/customers": "what PUT /customers/:externalId takes",
    "POST api/v1/customers/<str:external_id>/points/deduct": "what POST /customers/:externalId/points takes",
    "PATCH api/v1/orders/<str:order_id>": SHOP_ID,
    "PUT api/v1/products/<str:product_id>": SET_UP,
    "PUT api/v1/collections/<str:collection_id>": SET_UP,
    "POST api/v1/rewards": SET_UP,
    "PATCH api/v1/rewards/<uuid:reward_id>": SET_UP,
    "POST api/v1/quests": SET_UP,
    "PATCH api/v1/quests/<uuid:quest_id>": SET_UP,
    "POST api/v1/code-pools": SET_UP,
    "PATCH api/v1/code-pools/<uuid:pool_id>": SET_UP,
    "POST api/v1/code-pools/<uuid:pool_id>/codes": "codes of the merchant's",
    "POST api/v1/code-pools/<uuid:pool_id>/generate": "codes of the merchant's",
    "POST api/v1/feedback/boards": SET_UP,
    "POST api/v1/surveys": SET_UP,
    "POST api/v1/batch/advocates": "each item is what POST /advocates takes",
    "POST api/v1/webhooks": "the merchant's own server",
    "PATCH api/v1/webhooks/<uuid:endpoint_id>": "the merchant's own server",
    "POST api/v1/webhooks/<uuid:endpoint_id>/test": "the name of a topic",
    "POST api/v1/test-clock": "a duration",
    "POST api/v1/event": "what POST /batch/events takes, and kept where that is",
    "POST api/v1/event/batch": "each item is what POST /event takes",
    "POST api/v1/segment/users/": SHOP_ID,
    "POST api/v1/revenue": "the merchant's own books",
    "POST api/loyalty/taps": "a key of the programme, and an id that says nothing",
    "PUT api/v1/integration/user/<str:external_id>": "what PATCH /advocates/:id takes",
    "POST v1/Orders": "whoever is sent a gift takes part in no programme: TestRecipient",
    "POST v1/Cards/Balance": "a code of the merchant's",
    "POST v1/Cards/Redeem": "a code of the merchant's, and their own reference",
}
# Fields of planted operations that take no marker: one of a list, a signature and what it is about, a shop's number.
NO_ROOM = {"timezone", "phone", "signature", "businessId", "referralCode", "currency", "orderId"}


def planted(value: Any, number: str = "") -> Any:
    return json.loads(json.dumps(value, ensure_ascii=False).replace("«m»", MARK + number))
