"""What orders of gift cards hold of the people whom the programme gave them to."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from loyalty.models import Business
from loyalty.services import personal_data
from rewards.models import GiftLine, GiftOrder


def _erase(business: Business, account_ids: Collection[UUID]) -> None:
    """The order stays in the books; where it went to, and what was said with it, goes."""
    lines = GiftLine.objects.for_business(business).filter(order__advocate__in=account_ids)
    lines.update(email="", sms="", personalization={})


HOLDER = replace(
    personal_data.of_rows(
        GiftOrder,
        name="giftOrders",
        exported=["id", "source_type", "source_id", "total_minor", "currency", "status", "lines__email", "created_at"],
        erased={},
        account="advocate_id",
    ),
    erase=_erase,
)
