"""The messages about gift cards, each with what became of it. They say to whom nowhere: the card's line does."""

from django.db import models

from loyalty.models.base import BusyTenantModel
from rewards.models.gift_cards import GiftCard


class GiftMessage(BusyTenantModel):
    """One message by one way. Its status only moves on: sent, delivered, bounced."""

    class Status(models.TextChoices):
        SENT = "sent"
        DELIVERED = "delivered"
        BOUNCED = "bounced"

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        SMS = "sms", "Text message"
        LINK = "link", "Link"

    # No plain constraint: the migration's composite foreign key covers the business too.
    card = models.ForeignKey(
        GiftCard, on_delete=models.PROTECT, related_name="log", db_index=False, db_constraint=False
    )
    number = models.PositiveIntegerField()  # of the card's messages, from 1
    channel = models.CharField(max_length=10, choices=Channel)
    occasion = models.CharField(max_length=10, choices=GiftCard.Occasion)
    status = models.CharField(max_length=10, choices=Status)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["card", "number", "channel"], name="one_gift_message_per_number_and_way")
        ]

    def __str__(self) -> str:
        return str(self.pk)
