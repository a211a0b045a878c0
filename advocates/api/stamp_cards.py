"""The Platform API: how far a customer is on their stamp cards."""

from typing import Any, Self

from advocates.api import examples
from advocates.api.customers import known
from loyalty.api.views import Call, KeyView, Shape, operation
from loyalty.selectors import stamps
from loyalty.selectors.stamps import Standing


class SlotShape(Shape):
    """What the stamp in a slot brings, and whether it is there already."""

    slot: int
    title: str
    is_stamped: bool
    benefits: list[dict[str, Any]]


class StampCardShape(Shape):
    example = examples.STAMP_CARD

    key: str
    title: str
    slots: int
    filled: int
    full_cards: int
    rewards: list[SlotShape]

    @classmethod
    def of(cls, standing: Standing) -> Self:
        card = standing.card
        return cls(
            key=card.key,
            title=card.title,
            slots=card.slots,
            filled=standing.filled,
            full_cards=standing.full,
            rewards=[SlotShape(**each, is_stamped=each["slot"] <= standing.filled) for each in card.rewards],
        )


class StampCardList(Shape):
    stamp_cards: list[StampCardShape]


class StampCards(KeyView):
    @operation(
        "List a customer's stamp cards",
        answer=StampCardList,
        description="Those on which people collect now. A full card counts in fullCards, and starts anew.",
    )
    def get(self, call: Call[None, None], external_id: str) -> StampCardList:
        customer = known(call.business, external_id)
        found = stamps.standings(business=call.business, account_id=customer.pk)
        return StampCardList(stamp_cards=[StampCardShape.of(each) for each in found])
