"""The person of every example."""

from typing import Any

ADVOCATE: dict[str, Any] = {
    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
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
    "lastSeenAt": "2026-05-01T12:00:00Z",
    "createdAt": "2026-01-05T09:30:00Z",
    "updatedAt": "2026-05-01T12:00:00Z",
}
MAPPING: dict[str, Any] = {
    "id": "01890a5d-ac96-7a01-9d3e-2f4b6c8d0e12",
    "advocateId": ADVOCATE["id"],
    "externalCustomerId": "outlet-77",
    "externalEmail": "ada@outlet.example",
    "externalName": "A. Lovelace",
    "createdAt": "2026-05-01T12:00:00Z",
}
