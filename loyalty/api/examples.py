"""What the examples of the schema are about: Ada, in the programme of a coffee shop."""

from typing import Any

Example = dict[str, Any]

NOW = "2026-05-01T12:00:00Z"
EARLIER = "2026-01-05T09:30:00Z"
REQUEST_ID = "01890a5d-ac96-7a90-8d17-4e5f60718293"
BUSINESS_ID = "01990f3e-5d2a-7c31-9a55-0b8f2a9d4e10"
ADVOCATE_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
QUEST_ID = "01890a5d-ac96-7c44-8a1e-5d0f7b92c3e1"
TASK_ID = "01890a5d-ac96-7ab2-80e2-4c1f53a0d0c2"
RULE_ID = "01890a5d-ac96-7e05-9b3c-6a7d8e9f0a1b"
REDEMPTION_ID = "01890a5d-ac96-7d21-a4f6-1c2d3e4f5a6b"

# How far a list goes, wherever it is told.
PAGING: Example = {"total": 1, "totalIsCapped": False, "page": 1, "nextCursor": None}

ME: Example = {
    "businessId": BUSINESS_ID,
    "name": "Acme Coffee",
    "slug": "acme-coffee",
    "plan": "growth",
    "keyName": "Shop backend",
    "mode": "live",
    "scopes": ["read", "write"],
}
EVENT: Example = {
    "id": "evt_01890a5dac96774bbcceb302099a8057",
    "type": "customers/erased",
    "created": NOW,
    "businessId": BUSINESS_ID,
    "sequence": 12,
    "data": {"id": "01890a5d-ac96-7ab2-80e2-4c1f53a0d0c2"},
}
CLOCK: Example = {"now": NOW}
FIFTY_POINTS: Example = {"kind": "metric", "metric": "points", "quantity": 50}
EARN_RULE: Example = {
    "id": RULE_ID,
    "key": "purchase",
    "title": "Points for purchases",
    "status": "active",
    "version": 2,
    "budgetSpent": 0,
    "terms": {"trigger": "order_paid", "earn": {"points": 5, "per": "1.00", "currency": "EUR"}, "pendingDays": 14},
    "createdAt": EARLIER,
    "updatedAt": NOW,
}
SILENT: Example = {"display": "none", "title": "", "message": ""}
WELL_DONE: Example = {"display": "toast", "title": "Well done", "message": "You are a commuter"}
QUEST: Example = {
    "id": QUEST_ID,
    "key": "commuter",
    "title": "Commuter",
    "subtitle": "Ten rides",
    "description": "Ten rides in your first week",
    "status": "active",
    "window": {"from": None, "to": None, "showInUI": True},
    "recurrence": "none",
    "audience": {"tiers": [], "segments": [], "excludeTiers": [], "excludeSegments": []},
    "autoClaim": True,
    "taskBenefits": True,
    "zone": "programme",
    "required": "all",
    "ordered": False,
    "showInProfile": True,
    "showInRail": True,
    "notification": WELL_DONE,
    "benefits": [FIFTY_POINTS],
    "version": 1,
    "createdAt": EARLIER,
    "updatedAt": EARLIER,
}
TASK: Example = {
    "id": TASK_ID,
    "key": "ten",
    "title": "Ride ten times",
    "description": "",
    "type": "event",
    "trigger": "ride_completed",
    "conditions": [{"field": "km", "operator": ">=", "value": 2}],
    "measure": "count",
    "target": 10,
    "oncePerDay": False,
    "allowUndeclared": False,
    "benefits": [],
    "notification": SILENT,
}
COMPLETION: Example = {
    "id": "01890a5d-ac96-7f12-8c4d-2b3c4d5e6f70",
    "questId": QUEST_ID,
    "taskId": TASK_ID,
    "advocateId": ADVOCATE_ID,
    "questCompleted": True,
    "completedAt": NOW,
}
COMPLETED: Example = {"pointsAwarded": 50, "alreadyCompleted": False}
STEP_TRIED: Example = {
    "questId": QUEST_ID,
    "taskId": TASK_ID,
    "taskKey": "ten",
    "matched": True,
    "reason": None,
    "before": 3.0,
    "after": 4.0,
    "target": 10,
    "completed": False,
}
RULE_TRIED: Example = {
    "ruleId": RULE_ID,
    "key": "ride",
    "version": 2,
    "matched": True,
    "reason": None,
    "points": 10,
    "metric": "points",
    "caps": [],
}
TRIAL: Example = {"outcome": "matched", "pointsAwarded": 10, "questsCompleted": []}
CHANGE: Example = {"path": "segments.beta.title", "action": "changed", "before": "Beta", "after": "Beta testers"}
APPLIED: Example = {"version": 8, "warnings": []}
VERSION: Example = {"number": 8, "origin": "api", "author": "Shop backend", "createdAt": NOW}

# The Loyalty API: times are epoch seconds.
EPOCH = 1777636800
METRIC: Example = {
    "id": "points",
    "title": "Points",
    "media": None,
    "defaultValue": 0,
    "minimumValue": 0,
    "maximumValue": None,
}
ITEM: Example = {"id": "rider", "title": "Rider", "media": None}
INVENTORY: Example = {"id": "badges", "title": "Badges"}
OPEN_TIME: Example = {"showInUI": True, "from": None, "to": None}
MISSION: Example = {
    "id": TASK_ID,
    "key": "ten",
    "title": "Ride ten times",
    "type": "event",
    "notification": SILENT,
}
PRIZE: Example = {
    "type": "metric",
    "metricId": "points",
    "metricQuantity": 50,
    "inventorySetId": None,
    "inventoryItemId": None,
}
CHALLENGE: Example = {
    "id": QUEST_ID,
    "key": "commuter",
    "title": "Commuter",
    "subtitle": "Ten rides",
    "notification": WELL_DONE,
    "showInProfile": True,
    "showInRail": True,
}
RUNG: Example = {"id": "silver", "title": "Silver", "threshold": 1000, "perks": ["Free shipping"]}
LADDER: Example = {"id": "tiers", "title": "Tiers", "metricId": "points", "basis": "lifetimeEarned"}
PROFILE: Example = {
    "metrics": {"points": 750},
    "inventory": {"badges": ["rider"]},
    "quantities": {"badges": {"rider": 1}},
    "challenges": {QUEST_ID: {"isCompleted": False, "missionsCompleted": []}},
    "milestones": {"tiers": "silver"},
    "progress": {TASK_ID: {"value": 4.0, "target": 10}},
}
TAP: Example = {
    "key": "tap",
    "title": "Tap and earn",
    "status": "active",
    "metricId": "points",
    "pointsPerTap": 1,
    "energy": 480,
    "maximumEnergy": 500,
    "refillSeconds": 10,
    "tapsPerSecond": 10,
    "nextEnergyIn": 4,
    "fullEnergyIn": 194,
    "perDay": 2000,
    "leftToday": 1980,
    "earned": 20,
}
TAPPED: Example = {"taps": 20, "points": 20, "limits": [], "balance": 770}
PAYLOAD: Example = {
    "challengeId": QUEST_ID,
    "missionId": None,
    "couponId": None,
    "metricChanges": {},
    "inventoryChanges": {"received": [], "lost": []},
    "milestoneChanges": {},
}
HAPPENED: Example = {"id": "01890a5d-ac96-7b90-9e01-8f7e6d5c4b3a", "timestamp": EPOCH, "type": "challengeCompleted"}
HISTORY_ITEM: Example = {"id": HAPPENED["id"], "type": "challengeCompleted", "createdAt": NOW}
OK: Example = {"message": "OK"}
SIMULATED_LINE: Example = {
    "kind": "rule",
    "key": "purchase",
    "title": "Points for purchases",
    "paid": 1200,
    "timesPaid": 40,
    "draft": 1680,
    "timesDraft": 40,
}
SIMULATION: Example = {
    "id": "01890a5d-ac96-7b90-9e01-8f7e6d5c4b3b",
    "state": "running",
    "from": NOW,
    "to": NOW,
    "failure": None,
    "createdAt": NOW,
    "finishedAt": None,
}
