"""The catalogue: what points buy."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from loyalty.kernel import clock, points
from loyalty.models import InventoryItem
from loyalty.models.base import TenantModel
from rewards.models.gift_products import GiftProduct
from rewards.models.pools import CodePool

DEFAULT_PREFIX = "REWARD"


class Reward(TenantModel):
    """One thing that points buy. What its type means is told by its kind: see `services/kinds/`."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        DRAFT = "draft"
        ARCHIVED = "archived"

    class Acknowledgement(models.TextChoices):
        NONE = "none"
        REQUIRED = "required"  # by the merchant's system, before the redemption counts as issued

    key = models.SlugField(max_length=64, db_index=False)
    name = models.CharField(max_length=200)
    description = models.TextField(max_length=5000, blank=True)
    type = models.CharField(max_length=40)  # the key of a kind
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    points_cost = models.BigIntegerField(validators=[MinValueValidator(1)])
    value_minor = models.BigIntegerField(null=True, blank=True)  # of a piece, in minor units of `currency`
    percent_bp = models.PositiveIntegerField(null=True, blank=True)  # basis points: 1,250 is 12.5 %
    currency = models.CharField(
        max_length=3, blank=True, validators=[RegexValidator(r"^[A-Z]{3}\Z", "Use three capital letters, as in EUR.")]
    )
    stock = models.BigIntegerField(null=True, blank=True)  # the total offered; null: as many as wanted
    taken = models.BigIntegerField(default=0, editable=False)  # pieces redeemed and not cancelled
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)  # the first moment at which it is not on offer
    tier_keys = ArrayField(models.SlugField(max_length=64), default=list, blank=True)  # empty: for everyone
    segment_keys = ArrayField(models.SlugField(max_length=64), default=list, blank=True)  # any of them will do
    per_advocate_limit = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    min_spend_minor = models.BigIntegerField(null=True, blank=True)
    code_prefix = models.CharField(
        max_length=16,
        default=DEFAULT_PREFIX,
        validators=[RegexValidator(r"^[A-Z0-9]{1,16}\Z", "Use 1 to 16 capital letters and digits.")],
    )
    product_id = models.CharField(max_length=128, blank=True)  # the shop's own id
    # No plain constraint: the migration's composite foreign key covers the business too.
    code_pool = models.ForeignKey(
        CodePool, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    # As above.
    item = models.ForeignKey(
        InventoryItem, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    # As above.
    gift_product = models.ForeignKey(
        GiftProduct, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    increment_min = models.BigIntegerField(null=True, blank=True)  # sold for any of min, min + step, … max points,
    increment_max = models.BigIntegerField(null=True, blank=True)  # of which `points_cost` buy the value once
    increment_step = models.BigIntegerField(null=True, blank=True)
    approval = models.BooleanField(default=False)  # whether an operator looks at each redemption first
    acknowledgement = models.CharField(max_length=10, choices=Acknowledgement, default=Acknowledgement.NONE)
    acknowledge_within_hours = models.PositiveIntegerField(default=24, validators=[MinValueValidator(1)])
    expires_after_days = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    created_at = models.DateTimeField(editable=False, default=clock.wall)
    updated_at = models.DateTimeField(editable=False, default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_reward_per_key"),
            # Named by redemptions through a composite foreign key, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="reward_with_its_business"),
            models.CheckConstraint(condition=Q(points_cost__range=(1, points.MAX_MOVE)), name="reward_costs_points"),
            models.CheckConstraint(condition=Q(taken__gte=0), name="no_less_than_nothing_is_taken"),
            models.CheckConstraint(
                condition=Q(stock=None) | Q(taken__lte=F("stock")), name="no_more_taken_than_stock"
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="reward_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(percent_bp=None) | Q(percent_bp__range=(1, 10_000)),
                name="percent_up_to_a_hundred",
            ),
            models.CheckConstraint(
                condition=(Q(value_minor=None) | Q(value_minor__gt=0))
                & (Q(min_spend_minor=None) | Q(min_spend_minor__gt=0)),
                name="reward_amounts_are_positive",
            ),
            models.CheckConstraint(
                condition=~Q(currency="") | Q(value_minor=None, min_spend_minor=None),
                name="reward_amounts_have_a_currency",
            ),
            models.CheckConstraint(
                condition=Q(per_advocate_limit=None) | Q(per_advocate_limit__gt=0),
                name="reward_limit_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(increment_min=None, increment_max=None, increment_step=None)
                | Q(increment_min__gt=0, increment_max__gte=F("increment_min"), increment_step__gt=0)
                & Q(increment_max__lte=points.MAX_MOVE, increment_step__lte=points.MAX_MOVE),
                name="reward_increments_are_whole",
            ),
            models.CheckConstraint(condition=Q(acknowledge_within_hours__gt=0), name="acknowledgement_takes_time"),
            models.CheckConstraint(
                condition=Q(expires_after_days=None) | Q(expires_after_days__gt=0), name="coupons_are_good_for_a_while"
            ),
        ]
        indexes = [
            # The list, newest first.
            models.Index(fields=["business", "-created_at", "-id"], name="rewards_newest_first"),
        ]

    def __str__(self) -> str:
        return self.name

    def is_on_offer(self, *, at: datetime) -> bool:
        started = self.starts_at is None or self.starts_at <= at
        ended = self.ends_at is not None and self.ends_at <= at
        return self.status == self.Status.ACTIVE and started and not ended

    @property
    def is_personal(self) -> bool:
        """Whether it depends on the person who may have it."""
        return bool(self.tier_keys or self.segment_keys) or self.per_advocate_limit is not None

    @property
    def is_had_at_once(self) -> bool:
        """Whether whoever pays for it has it, whoever they are and whenever they come, with no step in between."""
        is_for_now = self.starts_at is None and self.ends_at is None
        waits = self.approval or self.acknowledgement == self.Acknowledgement.REQUIRED
        gives = self.item_id or self.code_pool_id or self.gift_product_id
        return is_for_now and not (waits or gives or self.is_personal)

    @property
    def price_from(self) -> int:
        """The least that somebody can have it for."""
        return self.increment_min or self.points_cost

    @property
    def least_cost(self) -> int:
        """What the business pays for it at that price, in minor units; 0 of one that is no gift card."""
        if self.gift_product is None:
            return 0
        return self.gift_product.cost_of((self.value_minor or 0) * self.price_from // self.points_cost)

    @property
    def stock_remaining(self) -> int | None:
        return None if self.stock is None else self.stock - self.taken
