"""A person's coupons, for their own app."""

from uuid import UUID

import msgspec

from loyalty.api.examples import OK
from loyalty.api.views import Call, Shape, UserView, get_or_404, operation
from rewards.api import examples
from rewards.models import Redemption
from rewards.services import gift_links


class CouponShape(Shape, rename=None):
    """One coupon, as the Loyalty API spells it. The code is null until it may be shown. Gift cards have a link."""

    example = examples.COUPON

    id: UUID
    title: str
    link: str | None
    coupon_id: UUID
    coupon_type: str
    coupon_code: str | None
    show_on_notification: bool = msgspec.field(name="showOnNotification")


class CouponAnswer(Shape):
    example = OK

    message: str
    data: CouponShape


class Coupon(UserView):
    @operation("Read a coupon", answer=CouponAnswer)
    def get(self, call: Call[None, None], coupon_id: UUID) -> CouponAnswer:
        theirs = Redemption.objects.for_business(call.business).filter(advocate_id=str(call.caller.account_id))
        row = get_or_404(theirs.select_related("reward"), noun="coupon", pk=coupon_id)
        links = gift_links.links_of(business=call.business, redemptions=[row])
        data = CouponShape(
            id=row.pk,
            title=row.reward.name,
            link=links.get(row.pk),
            coupon_id=row.pk,
            coupon_type=row.terms["type"],
            coupon_code=row.coupon_code,
            show_on_notification=row.coupon_code is not None,
        )
        return CouponAnswer(message="OK", data=data)
