"""Batches: up to a thousand items in one call, each on its own."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, TypeVar
from uuid import UUID

from msgspec import Meta

from advocates.api import examples
from advocates.api.moves import MovePoints
from advocates.api.shapes import AdvocateShape, TransactionShape
from advocates.api.v1 import NewAdvocate, details_of
from advocates.models import Advocate
from advocates.selectors import identity, profiles
from advocates.services import joining
from advocates.services.details import Details
from loyalty.api import types
from loyalty.api.examples import ADVOCATE_ID
from loyalty.api.parsing import Body, canonical, to_struct
from loyalty.api.views import Call, KeyView, Shape, kept_key, operation
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError, Invalid, NotFound
from loyalty.models import Business, IdempotencyRecord
from loyalty.services import batches, idempotency
from loyalty.services.ledger import Posting
from loyalty.services.postings import Move

MAX_BATCH = 5_000_000
T = TypeVar("T", bound=Body)


# Items are read one by one, so that a malformed one is answered in its place.
Items = Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=1000)]


class BatchBody(Body):
    items: Items


class MoveItem(MovePoints):
    advocate_id: UUID | None = None
    external_id: types.ExternalId | None = None
    idempotency_key: Annotated[str, Meta(pattern=r"^[!-~]{1,255}$(?!\n)")] | None = None


class ItemError(Shape):
    code: str
    message: str
    field: str | None

    @classmethod
    def of(cls, error: DomainError) -> "ItemError":
        return cls(code=error.code.value, message=error.message, field=error.field)


class ItemResult(Shape):
    """`status` is what the item would have been answered by itself."""

    index: int
    status: int
    error: ItemError | None


class MovedItem(ItemResult):
    example = examples.MOVED_ITEM

    transaction: TransactionShape | None
    new_balance: int | None

    @classmethod
    def of(cls, index: int, result: Posting | DomainError | None) -> "MovedItem":
        if isinstance(result, DomainError):
            error = ItemError.of(result)
            return cls(index=index, status=result.code.status, error=error, transaction=None, new_balance=None)
        transaction = TransactionShape.of(result) if result else None
        balance = result.balance_after if result else None
        return cls(index=index, status=200, error=None, transaction=transaction, new_balance=balance)


class JoinedItem(ItemResult):
    example = examples.JOINED_ITEM

    advocate: AdvocateShape | None


class BatchAnswer(Shape):
    example = examples.BATCH

    batch_id: UUID
    succeeded: int
    failed: int


class MovedBatch(BatchAnswer):
    results: list[MovedItem]

    @classmethod
    def of(cls, done: batches.Done) -> "MovedBatch":
        results = [MovedItem.of(index, result) for index, result in enumerate(done.results)]
        failed = sum(result.error is not None for result in results)
        return cls(batch_id=done.batch.pk, results=results, succeeded=len(results) - failed, failed=failed)


class JoinedBatch(BatchAnswer):
    results: list[JoinedItem]


class Points(KeyView):
    max_body = MAX_BATCH

    @operation(
        "Award or deduct points for up to 1,000 advocates",
        body=BatchBody,
        answer=MovedBatch,
        example={
            "items": [
                {"advocateId": ADVOCATE_ID, "amount": 100, "description": "Welcome"},
                {"externalId": "customer-42", "amount": -20, "idempotencyKey": "return-4711"},
            ]
        },
        description="An item says what POST /advocates/:id/points takes, and for whom: advocateId or externalId. "
        "With idempotencyKey it is posted once, in whichever batch it comes. A refused item spoils no other.",
    )
    def post(self, call: Call[BatchBody, None]) -> MovedBatch:
        moves = moves_of(call.business, call.body.items)
        return MovedBatch.of(batches.move_points(business=call.business, moves=moves, author=call.caller.key_name))


class Advocates(KeyView):
    max_body = MAX_BATCH

    @operation(
        "Create up to 1,000 advocates",
        body=BatchBody,
        answer=JoinedBatch,
        example={"items": [{"email": "ada@example.com", "name": "Ada Lovelace", "externalId": "customer-42"}]},
        description="An item says what POST /advocates takes. A refused item spoils no other.",
    )
    def post(self, call: Call[BatchBody, None]) -> JoinedBatch:
        people = [_person(item) for item in call.body.items]
        joined = joining.join_many(business=call.business, people=people, author=call.caller.key_name)
        return _joined(call.business, joined)


class Undo(KeyView):
    @operation(
        "Take a batch back",
        answer=MovedBatch,
        description="Each item's points go back by one compensating entry; what is spent already is refused in its "
        "place. Advocates who joined by it are erased, but those who have done something since. What is undone "
        "already stays as it is.",
    )
    def post(self, call: Call[None, None], batch_id: UUID) -> MovedBatch:
        return MovedBatch.of(batches.undo(business=call.business, batch_id=batch_id))


def moves_of(business: Business, items: Sequence[dict[str, Any]]) -> list[Move | DomainError]:
    """Every item as a move, or what is wrong with it."""
    keys = [kept_key(key) for item in items if isinstance(key := item.get("idempotencyKey"), str)]
    before = IdempotencyRecord.objects.for_business(business).filter(scope=business.pk, key__in=keys)
    known = set(before.values_list("key", flat=True))
    named = [name for item in items if isinstance(name := item.get("externalId"), str)]
    people = identity.ids_by_external_id(business=business, external_ids=named)
    return [_move(business, item, known, people) for item in items]


def _move(
    business: Business, item: dict[str, Any], known: set[str], people: Mapping[str | None, UUID]
) -> Move | DomainError:
    try:
        body = to_struct(item, MoveItem)
        if (body.advocate_id is None) == (body.external_id is None):
            raise Invalid("Say for whom: give advocateId or externalId.", field="advocateId")
        amount = body.checked(now=clock.now(business), is_repeat=lambda: kept_key(body.idempotency_key or "") in known)
    except DomainError as error:
        return error
    account_id = body.advocate_id or people.get(body.external_id)
    if account_id is None:
        return NotFound("advocate")
    return Move(
        amount=amount,
        account_id=account_id,
        metric=body.metric,
        description=body.description,
        expires_at=body.expires_at,
        pending_until=body.pending_until,
        key=_key(business, body.idempotency_key, item),
    )


def _key(business: Business, text: str | None, item: dict[str, Any]) -> idempotency.Key | None:
    if text is None:
        return None
    return idempotency.Key(business.pk, kept_key(text), sha256(b"batch/points\n" + canonical(item)).digest())


def _person(item: dict[str, Any]) -> Details | DomainError:
    try:
        details: Details = details_of(to_struct(item, NewAdvocate))  # type: ignore[assignment]  # the service's names
    except DomainError as error:
        return error
    return details


def _joined(business: Business, joined: joining.Joined) -> JoinedBatch:
    ids = [result.pk for result in joined.results if isinstance(result, Advocate)]
    rows = Advocate.objects.for_business(business).with_account().filter(pk__in=ids)
    shapes = {
        found.advocate.pk: AdvocateShape.of(found)
        for found in profiles.profiles(business=business, advocates=list(rows))
    }
    results = [
        JoinedItem(index=index, status=result.code.status, error=ItemError.of(result), advocate=None)
        if isinstance(result, DomainError)
        else JoinedItem(index=index, status=201, error=None, advocate=shapes[result.pk])
        for index, result in enumerate(joined.results)
    ]
    return JoinedBatch(batch_id=joined.batch.pk, results=results, succeeded=len(ids), failed=len(results) - len(ids))
