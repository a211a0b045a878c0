"""Ladders for tests: `put(acme, rungs(bronze=0, silver=points(1_000, 100)), basis="balance")`."""

import msgspec

from loyalty.services.kinds.sections.milestone_sets import SECTION

LADDER = {"bronze": 0, "silver": 1_000, "gold": 5_000}


def points(threshold, quantity):
    """A step that gives points to whoever rises to it."""
    return {"threshold": threshold, "benefits": [{"kind": "metric", "metric": "points", "quantity": quantity}]}


def rungs(**steps):
    return [
        {"key": key, "title": key.title(), **(step if isinstance(step, dict) else {"threshold": step})}
        for key, step in steps.items()
    ]


def put(business, milestones=None, *, key="club", is_tier=False, period=None, keep=False, **rest):
    """Put a ladder beside the tiers that there are, or in their place. `keep`: other ladders stay, too."""
    there = [part for part in SECTION.export(business) if part.key != key and (keep or part.is_tier > is_tier)]
    said = {"isTier": is_tier, "milestones": milestones or rungs(**LADDER), **rest}
    if period:
        length, _, start = period.partition(" ")
        said["period"] = {"length": length, "start": start or "join"}
    document = [*msgspec.to_builtins(there), {"key": key, "title": key.title(), **said}]
    whole = msgspec.convert(document, SECTION.shape)
    SECTION.apply(business, whole)
    SECTION.finish(business, whole)
