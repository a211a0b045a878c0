"""Gift cards: each with a link of its own, its way to the recipient, and what is left on it."""

from django.db import models
from django.db.models import Q

from loyalty.models.base import BusyTenantModel
from rewards.models.gift_orders import GiftLine, GiftOrder


class GiftCard(BusyTenantModel):
    """One card. Its code lies in `Code`; the token of its claim link is sealed here, beside its digest."""

    class Status(models.TextChoices):
        PENDING = "Pending"
        SCHEDULED = "Scheduled"
        SENT = "Sent"
        DELIVERED = "Delivered"
        BOUNCED = "Bounced"
        VIEWED = "Viewed"
        CLAIMED = "Claimed"
        SHIPPED = "Shipped"
        FAILED = "Failed"
        CANCELLED = "Cancelled"

    class Occasion(models.TextChoices):
        """Why the present message goes out."""

        ORDER = "order", "Ordered"
        RESEND = "resend", "Sent again"
        FALLBACK = "fallback", "Another way"
        REMINDER = "reminder", "Reminder"

    # No plain constraints: the migration's composite foreign keys cover the business too.
    order = models.ForeignKey(
        GiftOrder, on_delete=models.PROTECT, related_name="cards", db_index=False, db_constraint=False
    )
    line = models.ForeignKey(
        GiftLine, on_delete=models.PROTECT, related_name="cards", db_index=False, db_constraint=False
    )
    status = models.CharField(max_length=10, choices=Status)
    token_sealed = models.BinaryField()
    token_digest = models.BinaryField(max_length=32, unique=True)
    balance_minor = models.BigIntegerField(null=True)  # of one that we honour ourselves
    deliver_at = models.DateTimeField(null=True)  # a message or a parcel is due then
    leased_until = models.DateTimeField(null=True)  # somebody is sending it
    messages = models.PositiveIntegerField(default=0)  # wanted so far: one, and one for each further occasion
    occasion = models.CharField(max_length=10, choices=Occasion, default=Occasion.ORDER)
    channel = models.CharField(max_length=10, blank=True)  # by which the present message is tried first, if not all
    reminders = models.PositiveSmallIntegerField(default=0)
    reminded_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)  # of the present message
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    viewed_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)  # when the business first had the code shown
    failure = models.CharField(max_length=200, blank=True)
    carrier = models.CharField(max_length=60, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "business"], name="gift_card_with_its_business"),
            models.CheckConstraint(
                condition=Q(balance_minor=None) | Q(balance_minor__gte=0), name="a_card_is_never_overdrawn"
            ),
        ]
        indexes = [
            models.Index(fields=["order", "id"], name="cards_of_gift_order"),
            models.Index(fields=["line", "id"], name="cards_of_gift_line"),
            # What a worker has to send next.
            models.Index(fields=["deliver_at", "id"], condition=Q(deliver_at__isnull=False), name="gift_cards_due"),
            # What nobody has claimed yet: to remind of, and to take back.
            models.Index(
                fields=["business", "reminders", "sent_at"],
                condition=Q(status__in=("Sent", "Delivered", "Bounced", "Viewed"), claimed_at=None),
                name="gift_cards_unclaimed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class GiftCardUse(BusyTenantModel):
    """A part of a card that was redeemed."""

    card = models.ForeignKey(
        GiftCard, on_delete=models.PROTECT, related_name="uses", db_index=False, db_constraint=False
    )
    amount_minor = models.BigIntegerField()
    reference = models.CharField(max_length=140, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="a_card_use_takes_something")]
        indexes = [models.Index(fields=["card", "created_at"], name="uses_of_gift_card")]

    def __str__(self) -> str:
        return self.reference or str(self.pk)
