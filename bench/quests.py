"""Gives the bench's business so many active quests; tells how much memory their compiled index takes, in bytes."""

import os
import sys
import tracemalloc
from uuid import UUID

import django

STEP = "step"  # what moves a quest that nobody completes
FINISHES = [f"finish-{number}" for number in range(9)]  # what completes a quest at once, each its own


def add(business_id: UUID, count: int) -> int:
    """One quest for each of these triggers, and the others for triggers that nobody sends."""
    from loyalty.models import Business, Quest  # noqa: PLC0415  # after the settings
    from loyalty.services import compiled, quests  # noqa: PLC0415
    from loyalty.services.quest_rules import Rules, TaskRules, in_points  # noqa: PLC0415

    business = Business.objects.get(pk=business_id)
    there = Quest.objects.for_business(business).count()
    for trigger in [STEP, *FINISHES, *(f"silence-{number}" for number in range(count))][there:count]:
        task = TaskRules(
            title=trigger,
            type="event",
            trigger=trigger,
            target=1 if trigger in FINISHES else 1_000_000,
            allow_undeclared=True,
        )
        quests.create(business=business, title=trigger, rules=Rules(tasks=[task], benefits=[in_points(10)]))
    business.refresh_from_db()
    tracemalloc.start()
    programme = compiled.of(business)
    assert len(programme.steps) == count
    return tracemalloc.get_traced_memory()[0]


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    print(add(UUID(sys.argv[1]), int(sys.argv[2])))
