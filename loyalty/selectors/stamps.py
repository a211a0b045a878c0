"""How far people are on their stamp cards."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from loyalty.models import Business, StampCard
from loyalty.selectors import ledger as books


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody on a card: how many slots of the one in use are stamped, and how many they have filled before."""

    card: StampCard
    filled: int
    full: int


def offered(*, business: Business) -> "QuerySet[StampCard]":
    """The cards on which people collect now."""
    cards = StampCard.objects.for_business(business).filter(archived_at=None, status=StampCard.Status.ACTIVE)
    return cards.order_by("key")


def standings(*, business: Business, account_id: UUID) -> Sequence[Standing]:
    """Where somebody stands on each card: two queries, or one where there is none."""
    cards = list(offered(business=business).select_related("metric"))
    held = books.metrics_of(business=business, account_id=account_id) if cards else {}
    stamps = [held[card.metric.key].amount for card in cards]
    return [Standing(card, card.filled(has), card.full(has)) for card, has in zip(cards, stamps, strict=True)]
