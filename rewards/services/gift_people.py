"""What orders of gift cards hold of the people whom the programme gave them to."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from advocates.models import Advocate
from loyalty.models import Business
from loyalty.services import personal_data
from loyalty.services.personal_data import Holder
from rewards.models import GiftLine, GiftOrder
from rewards.services import gift_uploads


def _erase(business: Business, account_ids: Collection[UUID]) -> None:
    """The order stays in the books; where it went to, and what was said with it, goes."""
    lines = GiftLine.objects.for_business(business).filter(order__advocate__in=account_ids)
    lines.update(email="", sms="", personalization={})


def _keep_out_of_uploads(business: Business, account_ids: Collection[UUID]) -> None:
    """Rows of files that wait to be sent name people by what they are still called here."""
    people = Advocate.objects.for_business(business).filter(pk__in=account_ids)
    gift_uploads.forget(business=business, emails=[person.email for person in people if person.email])


def _nothing(business: Business, account_id: UUID) -> list[Any]:
    return []


def _stay(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    return ()


UPLOADS = Holder(name="giftUploads", export=_nothing, erase=_keep_out_of_uploads, move=_stay)
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
