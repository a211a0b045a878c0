"""Codes that a remote provider is asked for: a row for each card, so that none is forgotten and none bought twice."""

from django.db import models

from loyalty.models.base import BusyTenantModel
from rewards.models.gift_cards import GiftCard
from rewards.models.gift_products import GiftProduct


class GiftPurchase(BusyTenantModel):
    """One card's code, to be bought, bought or not to be had. The card's id is the idempotency key of every try."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    card = models.ForeignKey(GiftCard, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    product = models.ForeignKey(
        GiftProduct, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    due_at = models.DateTimeField(null=True)  # of the next try; none when it is over
    leased_until = models.DateTimeField(null=True)  # somebody is asking
    tries = models.PositiveSmallIntegerField(default=0)
    reference = models.CharField(max_length=100, blank=True)  # the provider's own, of what was bought
    failure = models.CharField(max_length=200, blank=True)  # of the latest try

    class Meta:
        constraints = [models.UniqueConstraint(fields=["card"], name="one_purchase_per_card")]
        indexes = [
            # What a worker has to buy next.
            models.Index(fields=["due_at", "id"], condition=models.Q(due_at__isnull=False), name="gift_purchases_due"),
        ]

    def __str__(self) -> str:
        return str(self.card_id)
