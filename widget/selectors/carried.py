"""What somebody carries with them, as the pages show it: a loyalty card, stamp cards, memberships."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from advocates.models import Advocate
from advocates.services import loyalty_cards
from loyalty.kernel import card_numbers
from loyalty.models import SegmentMember
from loyalty.selectors import stamps
from loyalty.selectors.missions import points_of


@dataclass(frozen=True, slots=True)
class LoyaltyCard:
    """What somebody shows at a till: the number as people read it, and as a scanner does."""

    number: str
    square: str

    @classmethod
    def of(cls, person: Advocate) -> "LoyaltyCard | None":
        number = loyalty_cards.number_of(person)
        return cls(card_numbers.grouped(number), card_numbers.square(number)) if number else None


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of a stamp card. `gift` is what its stamp brings; empty where it brings nothing."""

    number: int
    is_stamped: bool
    gift: str


@dataclass(frozen=True, slots=True)
class StampCard:
    title: str
    filled: int
    slots: Sequence[Slot]

    @classmethod
    def of(cls, standing: stamps.Standing) -> Self:
        card = standing.card
        gifts = {each["slot"]: _gift(each) for each in card.rewards}
        slots = [Slot(n, n <= standing.filled, gifts.get(n, "")) for n in range(1, card.slots + 1)]
        return cls(card.title, standing.filled, slots)

    @property
    def gifts(self) -> list[Slot]:
        """Those that bring something."""
        return [slot for slot in self.slots if slot.gift]


@dataclass(frozen=True, slots=True)
class Membership:
    title: str
    perks: Sequence[str]
    ends_at: datetime | None

    @classmethod
    def of(cls, member: SegmentMember) -> Self:
        return cls(member.segment.title, member.segment.perks, member.ends_at)


def _gift(brings: Mapping[str, Any]) -> str:
    """What a slot brings, in words: its own, or its points."""
    points = points_of(brings["benefits"])
    return brings["title"] or (f"{points:,} points" if points else "A gift")
