"""How the terms of an earn rule are spelled, in documents and wherever they are kept."""

from typing import Annotated, Literal

from msgspec import Meta, field

from loyalty.services.quest_rules import Audience, Condition, Key, Moment, Part, Quantity, Target

Period = Literal["daily", "weekly", "monthly", "yearly"]
AmountText = Annotated[str, Meta(pattern=r"^[0-9]{1,13}(\.[0-9]{1,3})?$(?!\n)")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Factor = Annotated[int, Meta(ge=1, le=1_000_000)]
Ratio = Annotated[list[Factor], Meta(min_length=2, max_length=2)]  # top and bottom of a fraction
Named = Annotated[list[Annotated[str, Meta(min_length=1, max_length=128)]], Meta(max_length=1000)]


class Earn(Part):
    """`{"points": 50}` each time, or each order; or of money `{"points": 5, "per": "1.00", "currency": "EUR"}`.

    Of an order also `{"points": 5, "each": "piece"}`: for each piece of what the rule is about.
    """

    points: Quantity
    each: Literal["order", "piece"] = "order"
    per: AmountText | None = None
    currency: Currency | None = None
    rounding: Literal["down"] = "down"


class Limit(Part):
    """How often one person is paid, in each period or for ever. No `times`: as often as it happens."""

    times: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    period: Period | None = None


class Span(Part):
    """From when, and until before when."""

    from_: Moment | None = field(default=None, name="from")
    to: Moment | None = None


class Terms(Part, kw_only=True):
    """All that a version holds."""

    trigger: Key
    earn: Earn
    conditions: Annotated[list[Condition], Meta(max_length=20)] = []
    window: Span = field(default_factory=Span)
    audience: Audience = field(default_factory=Audience)
    limit: Limit = field(default_factory=Limit)
    budget: Target | None = None  # of all people together
    pending_days: Annotated[int, Meta(ge=0, le=3650)] = 0
    expires_after_days: Annotated[int, Meta(ge=1, le=36500)] | None = None  # after they ripened
    tier_multiplier: bool = False
    multiplier: Ratio = field(default_factory=lambda: [1, 1])
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    stacking: Key | None = None  # of the rules of one group, the one with the highest priority pays
    include_products: Named = []  # empty lists: whatever is not excluded
    include_collections: Named = []
    exclude_products: Named = []
    exclude_collections: Named = []
    min_spend: AmountText = "0.00"
