"""Batches of events: what up to a thousand people did, in one call."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from advocates.api import examples
from advocates.api.batches import MAX_BATCH, BatchAnswer, BatchBody, ItemError, ItemResult
from advocates.selectors import identity
from loyalty.api import types
from loyalty.api.audience import ActionData, ActionName
from loyalty.api.parsing import Body, to_struct
from loyalty.api.views import Call, KeyView, operation
from loyalty.kernel.errors import DomainError, Invalid, NotFound
from loyalty.models import Business
from loyalty.services import event_batches
from loyalty.services.reports import Report, Taken


class EventItem(Body):
    event: ActionName
    data: ActionData = {}
    advocate_id: UUID | None = None
    external_id: types.ExternalId | None = None
    event_id: types.EventId | None = None


class TakenItem(ItemResult):
    example = examples.TAKEN_ITEM

    outcome: str | None
    points_awarded: int
    already_counted: bool

    @classmethod
    def of(cls, index: int, result: Taken | DomainError) -> "TakenItem":
        error = ItemError.of(result) if isinstance(result, DomainError) else None
        taken = result if isinstance(result, Taken) else None
        return cls(
            index=index,
            status=result.code.status if isinstance(result, DomainError) else 200,
            error=error,
            outcome=taken.outcome if taken else None,
            points_awarded=0 if taken is None or taken.is_repeat else taken.points,
            already_counted=taken is not None and taken.is_repeat,
        )


class TakenBatch(BatchAnswer):
    results: list[TakenItem]


class Events(KeyView):
    max_body = MAX_BATCH

    @operation(
        "Report up to 1,000 events",
        body=BatchBody,
        answer=TakenBatch,
        example={
            "items": [
                {"externalId": "customer-42", "event": "ride_completed", "data": {"km": 12}, "eventId": "ride-1"}
            ]
        },
        description="An item says what happened, and to whom: advocateId or externalId. With eventId it counts once "
        "for ever. A refused item spoils no other. Undoing the batch takes back what its events paid; what "
        "they completed stays completed.",
    )
    def post(self, call: Call[BatchBody, None]) -> TakenBatch:
        reports = reports_of(call.business, call.body.items)
        done = event_batches.take(business=call.business, reports=reports, author=call.caller.key_name)
        results = [TakenItem.of(index, result) for index, result in enumerate(done.results)]
        failed = sum(result.error is not None for result in results)
        return TakenBatch(batch_id=done.batch.pk, results=results, succeeded=len(results) - failed, failed=failed)


def reports_of(business: Business, items: Sequence[dict[str, Any]]) -> list[Report | DomainError]:
    """Every item as a report, or what is wrong with it."""
    named = [name for item in items if isinstance(name := item.get("externalId"), str)]
    known = identity.ids_by_external_id(business=business, external_ids=named)
    return [_report(item, known) for item in items]


def _report(item: dict[str, Any], known: Mapping[str | None, UUID]) -> Report | DomainError:
    try:
        body = to_struct(item, EventItem)
    except DomainError as error:
        return error
    if (body.advocate_id is None) == (body.external_id is None):
        return Invalid("Say for whom: give advocateId or externalId.", field="advocateId")
    account_id = body.advocate_id or known.get(body.external_id)
    if account_id is None:
        return NotFound("advocate", field="externalId")
    return Report(account_id=account_id, name=body.event, data=body.data, origin="server", event_id=body.event_id)
