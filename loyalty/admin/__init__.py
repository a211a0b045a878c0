"""The merchant's dashboard: what it shows of the floor, and the bases that every app's pages stand on."""

from loyalty.admin import (
    batches,
    businesses,
    earn_rules,
    event_types,
    events,
    inventory,
    keys,
    ladders,
    ledger,
    members,
    merges,
    metrics,
    programme,
    quests,
    submissions,
    users,
)

__all__ = [
    "batches",
    "businesses",
    "event_types",
    "earn_rules",
    "events",
    "inventory",
    "keys",
    "ladders",
    "ledger",
    "members",
    "merges",
    "metrics",
    "programme",
    "quests",
    "submissions",
    "users",
]
