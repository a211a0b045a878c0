"""Events of users, as a merchant's backend tells them: one, or up to a thousand."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from advocates.api import examples
from advocates.api.batches import MAX_BATCH
from advocates.services import user_events
from advocates.services.user_events import UserEvent
from loyalty.api import types
from loyalty.api.audience import ActionData, ActionName
from loyalty.api.parsing import Body, to_struct
from loyalty.api.schema import REFS
from loyalty.api.views import Call, IntegrationView, Shape, operation
from loyalty.kernel import clock
from loyalty.kernel.errors import Code, DomainError, Invalid
from loyalty.models import Business
from loyalty.services.quest_rules import Fraction, Whole
from loyalty.services.reports import Data

AHEAD = timedelta(minutes=1)  # how much faster than ours a merchant's clock may be
TAGS = ("users",)
Tag = Annotated[str, Meta(min_length=1, max_length=64)]
Time = Annotated[str, Meta(max_length=40, description="yyyy-MM-dd HH:mm:ss in UTC, or ISO 8601 with offset")]


class NewEvent(Body):
    """`eventId` is the event's name. What rules and tasks see of it: `data`, and what stands beside it."""

    id: types.EventId
    user_id: types.ExternalId
    event_id: ActionName
    value: Whole | Fraction
    created_at: Time
    event_tags: Annotated[list[Tag], Meta(max_length=50)] = []
    data: ActionData = {}

    def said(self, business: Business) -> UserEvent:
        """:raises Invalid: if it is in the future, its time is none, or its data has a name that is taken"""
        return UserEvent(event_id=self.id, user=self.user_id, name=self.event_id, data=self._seen(business))

    def _seen(self, business: Business) -> Data:
        at = types.moment(self.created_at, field="createdAt")
        if at > clock.now(business) + AHEAD:
            raise Invalid("createdAt is in the future. Send what has happened.", field="createdAt")
        own = {"value": self.value, "createdAt": at.isoformat(), "eventTags": self.event_tags}
        taken = next((name for name in own if name in self.data), None)
        if taken:
            raise Invalid(f"data.{taken} would hide the event's own {taken}. Rename it.", field=f"data.{taken}")
        return {**self.data, **own}


class Problem(Shape):
    message: str
    property: str | None
    code: str

    @classmethod
    def of(cls, error: DomainError) -> "Problem":
        return cls(message=error.message, property=error.field, code=error.code.value)


class ReceivedItem(Shape):
    """`status` is what the item would have been answered by itself."""

    example = {"index": 0, "status": 201, "error": None}

    index: int
    status: int
    error: Problem | None


class ReceivedBatch(Shape):
    example = examples.BATCH

    batch_id: UUID
    results: list[ReceivedItem]
    succeeded: int
    failed: int

    @classmethod
    def of(cls, done: user_events.Done) -> "ReceivedBatch":
        results = [_item(index, result) for index, result in enumerate(done.results)]
        failed = sum(result.error is not None for result in results)
        return cls(batch_id=done.batch.pk, results=results, succeeded=len(results) - failed, failed=failed)


class Event(IntegrationView):
    @operation(
        "Report an event",
        body=NewEvent,
        status=201,
        errors=(Code.NOT_FOUND, Code.CONFLICT),
        tags=TAGS,
        example=examples.USER_EVENT,
        description=(
            "Missions and earn rules that listen to eventId are moved and paid at once. An id counts once for ever: "
            "409 when it was received before. An unknown user joins, unless policies.usersOnFirstEvent is false."
        ),
    )
    def post(self, call: Call[NewEvent, None]) -> None:
        user_events.take(call.body.said(call.business), business=call.business)


# Read one by one, so that a malformed one is answered in its place; what an item should be, the description says.
Item = Annotated[dict[str, Any], Meta(extra_json_schema={"$ref": REFS.format(name=NewEvent.__name__)})]
NewEvents = Annotated[list[Item], Meta(min_length=1, max_length=1000)]


class Batch(IntegrationView):
    max_body = MAX_BATCH

    @operation(
        "Report up to 1,000 events",
        body=NewEvents,
        answer=ReceivedBatch,
        tags=TAGS,
        example=[examples.USER_EVENT],
        description=(
            "Each item is what a single call takes, and is answered as one, in the order sent. A refused item spoils "
            "no other. A secret key takes the whole batch back: POST /api/v1/batch/:batchId/undo."
        ),
    )
    def post(self, call: Call[list[dict[str, Any]], None]) -> ReceivedBatch:
        events = [_read(item, call.business) for item in call.body]
        return ReceivedBatch.of(
            user_events.take_many(business=call.business, events=events, author=call.caller.key_name)
        )


def _read(item: dict[str, Any], business: Business) -> UserEvent | DomainError:
    try:
        return to_struct(item, NewEvent).said(business)
    except DomainError as error:
        return error


def _item(index: int, result: object) -> ReceivedItem:
    if isinstance(result, DomainError):
        return ReceivedItem(index=index, status=result.code.status, error=Problem.of(result))
    return ReceivedItem(index=index, status=201, error=None)
