"""What the examples of this app's part of the schema say."""

from loyalty.api.examples import ADVOCATE_ID, EARLIER, NOW, Example

REFERRAL: Example = {
    "id": "01890a5d-ac96-7d44-9e6f-708192a3b4c5",
    "code": "ADA-1815",
    "advocateId": ADVOCATE_ID,
    "link": "https://laurel.example/r/ADA-1815",
    "clicks": 120,
    "conversions": 7,
    "revenue": "294.00",
    "currency": "EUR",
    "createdAt": EARLIER,
}
STATS: Example = {
    "clicks": 120,
    "uniqueVisitors": 86,
    "conversions": 7,
    "revenue": "294.00",
    "pending": 1,
    "rejected": 0,
    "currency": "EUR",
}
CONVERSION: Example = {
    "id": "01890a5d-ac96-7e55-8f70-8192a3b4c5d6",
    "code": "ADA-1815",
    "orderId": "1001",
    "orderValue": "42.00",
    "currency": "EUR",
    "status": "confirmed",
    "reason": None,
    "createdAt": NOW,
}
CONVERTED: Example = {"pointsAwarded": 200, "alreadyConverted": False}
