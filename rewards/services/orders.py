"""What orders do to coupons: they use up those that they name, and may give back what these cost."""

from collections.abc import Collection, Sequence
from contextlib import suppress

from loyalty.models import Business
from loyalty.services.order_effects import Plan, Purchase
from rewards.models import Redemption
from rewards.services import coupons, redemptions, steps
from rewards.services.redemptions import Status, WrongState

USABLE = (Status.ISSUED, Status.PENDING_ACKNOWLEDGEMENT)  # the shop knows the code of both
REFUNDED = "Its order was refunded."


def foresee_use(business: Business, purchases: Sequence[Purchase]) -> Plan | None:
    """Plan the use of coupons that orders name. Whose coupon it was is not asked: whoever has one may use it.

    A shop that takes one knows of it: it is acknowledged by that, if it still waits.
    """
    orders = {code: purchase.order_id for purchase in purchases for code in purchase.discount_codes}
    if not orders:
        return None
    named = coupons.named(business=business, texts=orders)
    usable = {coupon.pk: (orders[text], coupon) for text, coupon in named.items() if coupon.status in USABLE}

    def use(business: Business, order_ids: Collection[str]) -> None:
        for redemption_id, (order_id, coupon) in sorted(usable.items()):
            if order_id not in order_ids:
                continue
            if coupon.status == Status.PENDING_ACKNOWLEDGEMENT:
                with suppress(WrongState):  # the shop has acknowledged it just now
                    steps.acknowledge(business=business, redemption_id=redemption_id)
            with suppress(WrongState):  # somebody has used or cancelled it just now, or it is too late
                steps.use(business=business, redemption_id=redemption_id, order_id=order_id)

    return Plan({coupon.advocate_id for _, coupon in usable.values()}, use) if usable else None


def foresee_return(business: Business, purchases: Sequence[Purchase]) -> Plan | None:
    """Plan to give back the points that the coupons of orders cost, where the programme says so."""
    wanted = [purchase.order_id for purchase in purchases]
    rows = Redemption.objects.for_business(business).filter(order_id__in=wanted, status=Status.USED)
    used = list(rows.order_by("pk").values_list("pk", "advocate_id", "order_id"))

    def give_back(business: Business, order_ids: Collection[str]) -> None:
        if business.refund_coupons == Business.Coupons.KEEP:
            return
        for redemption_id, _, order_id in used:
            if order_id in order_ids:
                redemptions.cancel(
                    business=business, redemption_id=redemption_id, reason=REFUNDED, states=(Status.USED,)
                )

    return Plan({owner for _, owner, _ in used}, give_back) if used else None
