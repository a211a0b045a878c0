"""What rewards of the type `item` give: pieces of the item, once per redemption, and back if that is cancelled."""

from uuid import UUID

from loyalty.services import inventory
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.ledger import Source
from rewards.models import Redemption


def hand_over(redemption: Redemption) -> None:
    """Give what was sold with a redemption, if it was an item.

    :raises inventory.NotToBeHad: if they have it already, or there is not enough left
    :raises ledger.AccountNotActive: if the account is blocked
    """
    item_id = redemption.terms.get("itemId")
    if item_id is not None:
        inventory.give(
            business=redemption.business,
            account_id=redemption.advocate_id,
            item_id=UUID(item_id),
            occasion=_occasion(redemption),
            quantity=redemption.quantity,
        )


def take_back(redemption: Redemption) -> None:
    """Undo `hand_over`."""
    if redemption.terms.get("itemId") is not None:
        inventory.take_back(business=redemption.business, occasion=_occasion(redemption))


def _occasion(redemption: Redemption) -> Occasion:
    source = Source("redemption", str(redemption.pk))
    return Occasion(source=source, action="reward", reason={"rewardId": str(redemption.reward_id)})
