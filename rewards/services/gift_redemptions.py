"""What rewards of the type `gift_card` give: a gift card once per redemption, taken back if that is cancelled."""

from decimal import Decimal
from uuid import UUID

from loyalty.kernel.money import money
from loyalty.services.ledger import Source
from rewards.models import GiftPromise, Redemption
from rewards.services import gift_promises

REDEMPTION = "redemption"


def hand_over(redemption: Redemption) -> None:
    """Order what was sold with a redemption, if it was a gift card. One that was given for nothing may be owed.

    :raises gift_funds.InsufficientFunds, gift_promises.NotToBeOrdered: if it was sold, and cannot be had now
    """
    product_id, terms = redemption.terms.get("giftProductId"), redemption.terms
    if product_id is None:
        return
    promise = GiftPromise(
        business=redemption.business,
        advocate_id=redemption.advocate_id,
        product_id=UUID(product_id),
        value_minor=money(Decimal(terms["value"]), terms["currency"], field="value"),
        source_type=REDEMPTION,
        source_id=str(redemption.pk),
    )
    (gift_promises.order if redemption.points else gift_promises.give)(promise)


def take_back(redemption: Redemption) -> None:
    """Undo `hand_over`.

    :raises gift_orders.CodeShown: if somebody has the card's code
    """
    if redemption.terms.get("giftProductId") is not None:
        gift_promises.take_back(business=redemption.business, source=Source(REDEMPTION, str(redemption.pk)))
