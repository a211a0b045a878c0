"""Codes, sealed until they are handed out: out of pools, and those that gift cards were made with."""

from django.db import models
from django.db.models import Q

from loyalty.models.base import BusyTenantModel
from rewards.models.gift_cards import GiftCard
from rewards.models.pools import CodePool
from rewards.models.redemptions import Redemption


class Code(BusyTenantModel):
    """One code. Free while it has neither a redemption nor a card; one that somebody saw is never free again."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    pool = models.ForeignKey(
        CodePool, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    redemption = models.ForeignKey(
        Redemption, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    card = models.ForeignKey(
        GiftCard, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    sealed = models.BinaryField()
    hash = models.BinaryField(max_length=32)  # keyed: tells that a code is known, and nothing else

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "hash"], name="a_code_is_in_one_pool_once"),
            models.UniqueConstraint(fields=["redemption"], name="one_code_per_redemption"),
            models.UniqueConstraint(fields=["card"], name="one_code_per_card"),
            models.CheckConstraint(condition=Q(redemption=None) | Q(card=None), name="a_code_is_handed_out_once"),
            models.CheckConstraint(
                condition=Q(pool__isnull=False) | Q(card__isnull=False), name="a_code_is_in_a_pool_or_on_a_card"
            ),
        ]
        indexes = [
            # The next free code, in the order in which they came; and how many are left.
            models.Index(fields=["pool", "id"], condition=Q(redemption=None, card=None), name="free_codes_of_pool"),
            models.Index(fields=["business", "pool"], name="codes_of_pool"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
