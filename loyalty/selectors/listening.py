"""Whose programme listens to something, asked of every business at once."""

from django.db.models import Q, QuerySet

from loyalty.models import Business, EarnRule, Quest


def businesses_that_hear(trigger: str) -> QuerySet[Business]:
    """The active businesses with a rule or a step that listens to `trigger`."""
    rules = EarnRule.objects.filter(status=EarnRule.Status.ACTIVE, current__trigger=trigger)
    quests = Quest.objects.filter(status=Quest.Status.ACTIVE, current__tasks__trigger=trigger)
    heard = Q(pk__in=rules.values("business_id")) | Q(pk__in=quests.values("business_id"))
    return Business.objects.filter(heard, status=Business.Status.ACTIVE)
