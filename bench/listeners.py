"""Lets something listen to the events of batches: a quest that nobody completes, and a rule that always pays."""

import os
import sys
from uuid import UUID

import django

STEP, PAID = "advance", "pay"  # the triggers


def add(business_id: UUID) -> None:
    from loyalty.models import Business, EventType  # noqa: PLC0415  # after the settings
    from loyalty.services import earn_rules, quests  # noqa: PLC0415
    from loyalty.services.earn_terms import Earn, Terms  # noqa: PLC0415
    from loyalty.services.quest_rules import Rules, TaskRules, in_points  # noqa: PLC0415

    business = Business.objects.get(pk=business_id)
    for name in (STEP, PAID):
        EventType.objects.create(business=business, name=name, title=name, origin=EventType.Origin.CLIENT)
    task = TaskRules(title="Step", type="event", trigger=STEP, target=1_000_000_000)
    quests.create(business=business, title="Far", rules=Rules(tasks=[task], benefits=[in_points(10)]))
    earn_rules.create(business=business, title="Pay", terms=Terms(trigger=PAID, earn=Earn(points=5)))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    add(UUID(sys.argv[1]))
