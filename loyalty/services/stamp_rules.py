"""How a stamp card is spelled in documents."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, convert, field

from loyalty.kernel.errors import Invalid
from loyalty.models import StampCard
from loyalty.services import earn_rules
from loyalty.services.earn_terms import AmountText, Currency, Earn, Named, Terms
from loyalty.services.quest_rules import Benefits, Key, Part

MOST_SLOTS = 100
MOST_HOURS = 24 * 365
TRIGGER = "order_paid"
Slot = Annotated[int, Meta(ge=1, le=MOST_SLOTS)]


class Stamp(Part):
    """What gives one: each order, or each piece, of what is included and not excluded; empty lists: of everything."""

    per: Literal["order", "piece"] = "order"
    min_spend: AmountText = "0.00"  # of what counts, in each order
    currency: Currency | None = None
    include_products: Named = []
    include_collections: Named = []
    exclude_products: Named = []
    exclude_collections: Named = []


class SlotReward(Part, kw_only=True):
    """What the stamp in a slot brings, and what people read of it."""

    slot: Slot
    title: Annotated[str, Meta(max_length=120)] = ""
    benefits: Annotated[Benefits, Meta(min_length=1)]


class CardRules(Part, kw_only=True):
    key: Key
    title: Annotated[str, Meta(min_length=1, max_length=120)]
    status: Literal["active", "paused"] = "active"
    slots: Slot
    prefilled: Annotated[int, Meta(ge=0, lt=MOST_SLOTS)] = 0
    cooldown_hours: Annotated[int, Meta(ge=0, le=MOST_HOURS)] = 0
    stamp: Stamp = field(default_factory=Stamp)
    rewards: Annotated[list[SlotReward], Meta(max_length=MOST_SLOTS)] = []

    @classmethod
    def of(cls, card: StampCard) -> "CardRules":
        names = ("key", "title", "status", "slots", "prefilled", "cooldown_hours")
        said = {name: getattr(card, name) for name in names}
        rewards = [convert(each, SlotReward) for each in card.rewards]
        return cls(**said, stamp=convert(card.stamp, Stamp), rewards=rewards)


def terms_of(stamp: Stamp) -> Terms:
    """The terms of the rule that gives stamps."""
    return Terms(
        trigger=TRIGGER,
        earn=Earn(points=1, each=stamp.per, currency=stamp.currency),
        min_spend=stamp.min_spend,
        include_products=stamp.include_products,
        include_collections=stamp.include_collections,
        exclude_products=stamp.exclude_products,
        exclude_collections=stamp.exclude_collections,
    )


def problems(card: CardRules) -> Iterator[tuple[str, str]]:
    """What makes no sense: each field, and what to say of it."""
    if card.prefilled >= card.slots:
        yield "prefilled", "A new card has free slots: fewer are prefilled than there are."
    seen: set[int] = set()
    for number, each in enumerate(card.rewards):
        if not card.prefilled < each.slot <= card.slots:
            yield f"rewards.{number}.slot", "No stamp ever goes there: it is prefilled, or beyond the last one."
        elif each.slot in seen:
            yield f"rewards.{number}.slot", "This slot is named twice. Put all that it brings into one list."
        seen.add(each.slot)
    try:
        earn_rules.meaningful(terms_of(card.stamp))
    except Invalid as error:
        yield f"stamp.{(error.field or '').removeprefix('earn.')}", error.message
