"""Sets of things to collect, and who has which: badges, stickers, trophies. What is archived keeps its history."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from loyalty.kernel import clock
from loyalty.models.accounts import Account
from loyalty.models.base import BusyTenantModel, TenantModel


class InventorySet(TenantModel):
    """A named collection of items."""

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=120)
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_inventory_set_per_key"),
            # Named by items through a composite foreign key, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="inventory_set_with_its_business"),
        ]

    def __str__(self) -> str:
        return self.title


class InventoryItem(TenantModel):
    """One thing to collect. Somebody has it once, or any number of times if it stacks."""

    # No plain constraint: the migration's composite foreign key covers the business too.
    set = models.ForeignKey(
        InventorySet, on_delete=models.PROTECT, related_name="items", db_index=False, db_constraint=False
    )
    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=120)
    media = models.CharField(max_length=2000, blank=True)  # a picture's address, or whatever the app makes of it
    stackable = models.BooleanField(default=False)
    stock = models.BigIntegerField(null=True, blank=True, validators=[MinValueValidator(0)])  # the total offered
    # Pieces that people hold, counted only while there is a stock: nobody waits for what there is enough of.
    given = models.BigIntegerField(default=0, editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "set", "key"], name="one_inventory_item_per_key"),
            # Named by holdings and changes through composite foreign keys. A holding copies whether it stacks, too.
            models.UniqueConstraint(fields=["id", "business", "stackable"], name="inventory_item_as_it_is_held"),
            models.UniqueConstraint(fields=["id", "business"], name="inventory_item_with_its_business"),
            models.CheckConstraint(
                condition=Q(stock=None) | Q(stock__gte=F("given")), name="no_more_given_than_stock"
            ),
            models.CheckConstraint(condition=Q(given__gte=0), name="no_less_than_nothing_is_given"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def stock_remaining(self) -> int | None:
        return None if self.stock is None else self.stock - self.given

    @property
    def is_archived(self) -> bool:
        """Alone or with its set, which is loaded."""
        return self.archived_at is not None or self.set.archived_at is not None

    def has_left(self, quantity: int) -> bool:
        return not self.is_archived and (self.stock is None or self.stock - self.given >= quantity)


class OfItem(BusyTenantModel):
    """A row about one person and one item."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    item = models.ForeignKey(
        InventoryItem, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        abstract = True


class Holding(OfItem):
    """How many pieces of an item somebody has: the sum of its changes. Written with their account locked."""

    stackable = models.BooleanField()  # the item's own, and follows it
    quantity = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "account", "item"], name="one_holding_per_item"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="nobody_holds_less_than_nothing"),
            models.CheckConstraint(
                condition=Q(stackable=True) | Q(quantity__lte=1), name="one_of_what_does_not_stack"
            ),
        ]
        indexes = [
            # Who has an item: what is counted when it gets a stock.
            models.Index(fields=["item", "account"], name="holdings_of_item"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.item_id}"


class HoldingChange(OfItem):
    """Pieces that came or went, once per source, or why they did not. Never changed, never deleted."""

    class Outcome(models.TextChoices):
        RECEIVED = "received"
        LOST = "lost"
        ALREADY_HAD = "already_had"  # it does not stack, and they had it
        OUT_OF_STOCK = "out_of_stock"
        ARCHIVED = "archived"  # the item is not to be had any more
        GONE = "gone"  # to be taken back, but lost before

    quantity = models.BigIntegerField()  # below 0: they went
    outcome = models.CharField(max_length=20, choices=Outcome)
    source_type = models.CharField(max_length=40)
    source_id = models.CharField(max_length=128)
    reason = models.JSONField(default=dict)  # what for: codes, ids and numbers only
    occurred_at = models.DateTimeField(default=clock.wall)  # programme time

    class Meta:
        verbose_name = "item change"
        constraints = [
            models.UniqueConstraint(fields=["business", "source_type", "source_id"], name="nothing_is_given_twice"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, outcome="received")
                | Q(quantity__lt=0, outcome="lost")
                | Q(quantity=0) & ~Q(outcome__in=["received", "lost"]),
                name="a_change_says_what_it_was",
            ),
        ]
        indexes = [
            # The list, newest first: all, and a person's.
            models.Index(fields=["business", "-occurred_at", "-id"], name="changes_newest_first"),
            models.Index(fields=["account", "-occurred_at", "-id"], name="changes_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+} {self.outcome}" if self.quantity else self.get_outcome_display()
