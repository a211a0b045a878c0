"""What the examples of this app's part of the schema say."""

from loyalty.api.examples import EARLIER, NOW, Example

WEBHOOK: Example = {
    "id": "01890a5d-ac96-7f66-9081-92a3b4c5d6e7",
    "url": "https://example.com/hooks/laurel",
    "topics": ["points/redeemed", "customers/*"],
    "signatureProfile": "standard",
    "description": "",
    "status": "active",
    "disabledReason": None,
    "createdAt": EARLIER,
    "updatedAt": EARLIER,
}
WITH_SECRET: Example = {**WEBHOOK, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
ATTEMPT: Example = {"number": 1, "at": NOW, "status": 200, "durationMs": 84, "error": None, "response": "ok"}
DELIVERY: Example = {
    "id": "01890a5d-ac96-7077-8192-a3b4c5d6e7f8",
    "eventId": "evt_01890a5dac96774bbcceb302099a8057",
    "topic": "points/redeemed",
    "sequence": 17,
    "status": "delivered",
    "nextAttemptAt": None,
    "createdAt": NOW,
}
