"""What a business does about gift cards that nobody claims, and who may see a code."""

from django.db import models
from django.db.models import Q

from loyalty.models.base import TenantModel

LONGEST = 3650  # days
MOST_REMINDERS = 5


class GiftPolicy(TenantModel):
    """When it reminds of a card, how often, and when it takes a card back; without one it does not. Whether a code
    is shown only to whoever says where its message went.
    """

    remind_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    most_reminders = models.PositiveSmallIntegerField(default=1)
    give_back_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    asks_recipient = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "gift policies"
        constraints = [
            models.UniqueConstraint(fields=["business"], name="one_gift_policy_per_business"),
            models.CheckConstraint(
                condition=Q(remind_after_days=None) | Q(remind_after_days__range=(1, LONGEST)),
                name="reminders_wait_for_days",
            ),
            models.CheckConstraint(condition=Q(most_reminders__range=(1, MOST_REMINDERS)), name="reminders_are_a_few"),
            models.CheckConstraint(
                condition=Q(give_back_after_days=None) | Q(give_back_after_days__range=(1, LONGEST)),
                name="giving_back_waits_for_days",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
