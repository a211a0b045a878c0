"""Telling a business that its deposit does not cover the gift cards that its programme gives or owes.

What is short is found by looking, so that a refused redemption, which leaves nothing behind, is heard of, too. Once
the deposit covers all of it again, the next shortage is told anew.
"""

from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.kernel.errors import Code
from loyalty.kernel.money import money_text
from loyalty.models import Business
from loyalty.selectors import contacts
from loyalty.services import notices
from rewards.models import GiftFunds, GiftPromise, Reward
from rewards.services import gift_funds

TEXT = """Hello,

the deposit for gift cards of {business} holds {available} {currency}.
That is not enough for what your programme gives: people cannot redeem its gift cards,
and {owed} that were promised wait. Nothing is lost: they are sent as soon as you have added funds.

{public_url}/admin/rewards/fundingrequest/
"""


def tell_due() -> int:
    """Find what is short, and tell whom it concerns. Answers how many mails were due; safe to run twice."""
    _look()
    return notices.send_due(GiftFunds, _send)


def _look() -> None:
    """Write down which deposits are short, and since when."""
    needed = _needed()
    for business in Business.objects.filter(pk__in=needed):
        gift_funds.funds_of(business)
    for funds in GiftFunds.objects.filter(Q(business__in=needed) | Q(short_since__isnull=False)):
        rows = GiftFunds.objects.filter(business_id=funds.business_id, pk=funds.pk)
        now = clock.wall()
        if funds.available_minor >= needed.get(funds.business_id, 0):
            rows.update(short_since=None, notice_due_at=None)
        elif funds.short_since is None:
            rows.filter(short_since=None).update(short_since=now, notice_due_at=now)


def _needed() -> Mapping[UUID, int]:
    """By business, what the dearest gift card costs that it has on offer or owes, in minor units."""
    offered = Reward.objects.filter(gift_product__isnull=False, status=Reward.Status.ACTIVE)
    owed = GiftPromise.objects.filter(reason=Code.INSUFFICIENT_FUNDS).order_by("business", "product", "-value_minor")
    costs = [
        *((row.business_id, row.least_cost) for row in offered.select_related("gift_product")),
        *((row.business_id, row.cost) for row in owed.distinct("business", "product").select_related("product")),
    ]
    needed: dict[UUID, int] = defaultdict(int)
    for business_id, cost in costs:
        needed[business_id] = max(needed[business_id], cost)
    return needed


def _send(funds: GiftFunds) -> None:
    owed = GiftPromise.objects.for_business(funds.business).filter(reason=Code.INSUFFICIENT_FUNDS).count()
    text = TEXT.format(
        business=funds.business.name,
        available=money_text(funds.available_minor, funds.currency),
        currency=funds.currency,
        owed=owed,
        public_url=settings.PUBLIC_URL,
    )
    send_mail("Your deposit for gift cards is short", text, None, contacts.addresses_of(funds.business))
