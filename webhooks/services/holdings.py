"""What this app holds of a person: what receivers answered to events of theirs, which may quote the event."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from loyalty.models import Business
from loyalty.services import personal_data
from loyalty.services.personal_data import Holder
from webhooks.models import Attempt, Endpoint


def _attempts(business: Business, account_ids: Collection[UUID]) -> "QuerySet[Attempt]":
    endpoints = Endpoint.objects.for_business(business).values("pk")  # with it, the index of deliveries by event
    named = personal_data.events_naming(business=business, account_ids=account_ids).values("pk")
    return Attempt.objects.for_business(business).filter(delivery__endpoint__in=endpoints, delivery__event__in=named)


def _export(business: Business, account_id: UUID) -> list[dict[str, Any]]:
    rows = _attempts(business, [account_id]).exclude(answer="").order_by("at")
    return [{**row} for row in rows.values("at", "answer", topic=F("delivery__topic"))]


def _erase(business: Business, account_ids: Collection[UUID]) -> None:
    _attempts(business, account_ids).update(answer="")


def _stay(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """Deliveries stay with the events that they deliver."""
    return ()


HOLDER = Holder(name="webhookAnswers", export=_export, erase=_erase, move=_stay)
