"""The Advocates API: people, and the points they have."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Subquery
from msgspec import UNSET, Meta, UnsetType, field

from advocates.api.moves import MovePoints
from advocates.api.shapes import (
    AdvocateAnswer,
    AdvocatePage,
    ExportShape,
    MovedPoints,
    PointsShape,
    TransactionPage,
    TransactionShape,
    WhyShape,
)
from advocates.models import Advocate
from advocates.selectors import identity, profiles
from advocates.services import advocates, settled
from loyalty.api import types
from loyalty.api.examples import ADVOCATE_ID
from loyalty.api.paging import NumberedQuery, PageQuery, page_by_cursor, page_numbered
from loyalty.api.parsing import Body
from loyalty.api.views import Call, KeyView, Reply, operation
from loyalty.kernel import clock, points
from loyalty.kernel.errors import Code
from loyalty.models import Account, Business, IdempotencyRecord
from loyalty.selectors import ledger as books
from loyalty.selectors import segments, tiers
from loyalty.services import accounts, erasure, ledger, merges, wallets

Text200 = Annotated[str, Meta(max_length=200)]
Tag = Annotated[str, Meta(max_length=60)]
Balance = Annotated[int, Meta(ge=-points.MAX_BALANCE, le=points.MAX_BALANCE)]

ORDERS = {
    "createdAt": ("created_at", "id"),
    "-createdAt": ("-created_at", "-id"),
    "name": ("name", "id"),
    "-name": ("-name", "-id"),
    "points": ("points", "account_id"),
    "-points": ("-points", "-account_id"),
}
PRESENT: Sequence[str] = (Account.Status.ACTIVE, Account.Status.BLOCKED)


class ListAdvocates(NumberedQuery):
    search: Text200 | None = None
    tier: types.Key | None = None
    segment: types.Key | None = None
    email: types.EmailText | None = None
    created_after: types.Timestamp | None = None
    created_before: types.Timestamp | None = None
    min_points: Balance | None = None
    max_points: Balance | None = None
    sort: Literal["createdAt", "-createdAt", "name", "-name", "points", "-points"] = "-createdAt"


class PersonalDetails(Body):
    name: Text200 | UnsetType = UNSET
    birthday: date | None | UnsetType = UNSET
    locale: Tag | None | UnsetType = UNSET
    timezone: Tag | None | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


class Person(PersonalDetails):
    external_id: types.ExternalId | None | UnsetType = UNSET


class NewAdvocate(Person, kw_only=True):
    email: types.EmailText
    referral_code: Tag | None | UnsetType = UNSET


class ChangedAdvocate(Person):
    email: types.EmailText | UnsetType = UNSET
    tier: types.Key | None | UnsetType = UNSET


class Advocates(KeyView):
    @operation(
        "List advocates",
        query=ListAdvocates,
        answer=AdvocatePage,
        description="Those who take part: who was merged or erased is answered by id alone. "
        "An email that a merged advocate had finds the person.",
    )
    def get(self, call: Call[None, ListAdvocates]) -> AdvocatePage:
        rows = _matching(call.business, call.query)
        page = page_numbered(rows, call.query, business=call.business, order=ORDERS[call.query.sort])
        return AdvocatePage.of(page, profiles.profiles(business=call.business, advocates=page.items))

    @operation(
        "Create an advocate",
        body=NewAdvocate,
        answer=AdvocateAnswer,
        status=201,
        errors=(Code.CONFLICT, Code.NOT_FOUND),
        example={"email": "ada@example.com", "name": "Ada Lovelace", "metadata": {"source": "store"}},
    )
    @transaction.atomic
    def post(self, call: Call[NewAdvocate, None]) -> AdvocateAnswer:
        advocate = advocates.create(business=call.business, **details_of(call.body))
        return _answer(call.business, advocate.pk)


class OneAdvocate(KeyView):
    @operation("Read an advocate", answer=AdvocateAnswer)
    def get(self, call: Call[None, None], advocate_id: UUID) -> AdvocateAnswer:
        return _answer(call.business, advocate_id)

    @operation(
        "Change an advocate",
        body=ChangedAdvocate,
        answer=AdvocateAnswer,
        errors=(Code.CONFLICT,),
        example={"name": "Ada King", "tier": "gold", "metadata": {"source": None, "vip": True}},
        description="metadata is merged by key; null removes a key. tier stays as set until null clears it.",
    )
    def patch(self, call: Call[ChangedAdvocate, None], advocate_id: UUID) -> AdvocateAnswer:
        advocates.update(business=call.business, advocate_id=advocate_id, **details_of(call.body))
        return _answer(call.business, advocate_id)

    @operation(
        "Erase an advocate",
        status=204,
        errors=(Code.CONFLICT,),
        description="Who they are is forgotten for good, here and in what was logged and published. Their "
        "entries stay under the id alone, so that every sum does. Safe to repeat.",
    )
    def delete(self, call: Call[None, None], advocate_id: UUID) -> None:
        erasure.erase(business=call.business, account_id=advocate_id)


class MergeInto(Body):
    into_advocate_id: UUID


class Merge(KeyView):
    @operation(
        "Merge an advocate into another one",
        body=MergeInto,
        answer=AdvocateAnswer,
        errors=(Code.CONFLICT, Code.LIMIT_REACHED),
        description="Points move with their own expiry, lifetime counts add up, and the external id and e-mail of the "
        "merged advocate lead to the other one from now on. An operator can undo it in the dashboard.",
        example={"intoAdvocateId": ADVOCATE_ID},
    )
    @transaction.atomic
    def post(self, call: Call[MergeInto, None], advocate_id: UUID) -> AdvocateAnswer:
        into = call.body.into_advocate_id
        merges.merge(business=call.business, source_id=advocate_id, target_id=into)
        return _answer(call.business, into)


class Export(KeyView):
    @operation(
        "Export all that is held of an advocate",
        answer=ExportShape,
        description="One document: what each part of Laurel holds, also of those who were merged into this one.",
    )
    def get(self, call: Call[None, None], advocate_id: UUID) -> ExportShape:
        return ExportShape.of(erasure.export(business=call.business, account_id=advocate_id))


class Points(KeyView):
    @operation("Read an advocate's points", answer=PointsShape)
    def get(self, call: Call[None, None], advocate_id: UUID) -> PointsShape:
        profiles.require(business=call.business, advocate_id=advocate_id)
        held = wallets.all_of(business=call.business, account_id=advocate_id)
        expiring = books.expiring(business=call.business, account_id=advocate_id)
        return PointsShape.of(held, expiring)

    @operation(
        "Award or deduct points",
        body=MovePoints,
        answer=MovedPoints,
        errors=(Code.INSUFFICIENT_POINTS, Code.LIMIT_REACHED, Code.CONFLICT),
        example={"amount": 100, "description": "Welcome", "type": "award"},
        description="A negative amount without a type deducts.",
        idempotency="inside",
    )
    def post(self, call: Call[MovePoints, None], advocate_id: UUID) -> Reply:
        """The hot path: one round trip, which also finds out whether there is such an advocate."""
        amount = call.body.checked(now=clock.now(call.business), is_repeat=lambda: _is_repeat(call))
        move = _deduct if amount < 0 else _award
        posting = move(call, advocate_id, abs(amount))
        shape = MovedPoints(transaction=TransactionShape.of(posting), new_balance=posting.balance_after)
        return Reply(shape, is_replay=posting.is_replay)


class ListTransactions(PageQuery):
    type: Literal["earn", "spend", "adjust", "expire", "reverse", "transfer"] | None = None
    metric: types.Key | None = None
    from_: types.Timestamp | None = field(default=None, name="from")
    to: types.Timestamp | None = None


class Transactions(KeyView):
    @operation("List an advocate's transactions, newest first", query=ListTransactions, answer=TransactionPage)
    def get(self, call: Call[None, ListTransactions], advocate_id: UUID) -> TransactionPage:
        profiles.require(business=call.business, advocate_id=advocate_id)
        wallets.settle_due(business=call.business, account_id=advocate_id)
        rows = books.entries(business=call.business, account_id=advocate_id)
        query = call.query
        filters = {
            "type": query.type,
            "metric__key": query.metric,
            "occurred_at__gte": query.from_,
            "occurred_at__lt": query.to,
        }
        rows = rows.filter(**given(filters))
        page = page_by_cursor(rows, query, business=call.business, order=("-sequence",))
        return TransactionPage(
            transactions=[TransactionShape.of_entry(entry) for entry in page.items],
            next_cursor=page.next_cursor,
        )


class Why(KeyView):
    @operation("Read why a transaction has its amount", answer=WhyShape)
    def get(self, call: Call[None, None], advocate_id: UUID, entry_id: UUID) -> WhyShape:
        return WhyShape.of(books.why(business=call.business, account_id=advocate_id, entry_id=entry_id))


class RevokeTokens(KeyView):
    @operation(
        "Revoke an advocate's tokens",
        status=204,
        description="Every user token issued before is refused within 5 seconds.",
    )
    def post(self, call: Call[None, None], advocate_id: UUID) -> None:
        accounts.revoke_tokens(business=call.business, account_id=advocate_id)


def _matching(business: Business, query: ListAdvocates) -> QuerySet[Advocate]:
    rows: Any = Advocate.objects.for_business(business).with_account()
    if query.search:
        rows = rows.search(query.search)
    if query.email is not None:
        person = identity.by_email(business=business, email=query.email)
        rows = rows.filter(pk=person.pk) if person else rows.none()
    if query.tier is not None:
        tier = Subquery(tiers.tier_named(business, query.tier).values("pk"))
        rows = rows.filter(account__business=business, account__tier=tier)
    if query.segment is not None:
        members = segments.members_of(business=business, key=query.segment)
        rows = rows.filter(account_id__in=members.values("account_id"))
    if query.min_points is not None or query.max_points is not None or "points" in query.sort:
        rows = books.with_points(rows, business=business)
    filters = {
        "account__status__in": PRESENT,
        "created_at__gt": query.created_after,
        "created_at__lt": query.created_before,
        "points__gte": query.min_points,
        "points__lte": query.max_points,
    }
    found: QuerySet[Advocate] = rows.filter(**given(filters))
    return found


def given(filters: dict[str, Any]) -> dict[str, Any]:
    """The filters that were asked for."""
    return {lookup: value for lookup, value in filters.items() if value is not None}


def _answer(business: Business, advocate_id: UUID) -> AdvocateAnswer:
    return AdvocateAnswer.of(settled.profile(business=business, advocate_id=advocate_id))


def details_of(body: PersonalDetails) -> dict[str, Any]:
    """What a body says, by the names of the service.

    :raises Invalid: if the e-mail address is none, or the metadata too large
    """
    given = {name: getattr(body, name) for name in body.__struct_fields__}
    given = {name: value for name, value in given.items() if value is not UNSET}
    given |= {name: "" for name in ("locale", "timezone") if given.get(name, "") is None}
    if "email" in given:
        given["email"] = types.email(given["email"])
    if "metadata" in given:
        given["metadata"] = types.metadata(given["metadata"])
    return given


def _award(call: Call[MovePoints, None], advocate_id: UUID, amount: int) -> ledger.Posting:
    return ledger.award(
        business=call.business,
        account_id=advocate_id,
        amount=amount,
        metric=call.body.metric,
        description=call.body.description,
        expires_at=call.body.expires_at,
        pending_until=call.body.pending_until,
        key=call.key,
    )


def _deduct(call: Call[MovePoints, None], advocate_id: UUID, amount: int) -> ledger.Posting:
    return ledger.spend(
        business=call.business,
        account_id=advocate_id,
        amount=amount,
        metric=call.body.metric,
        type=ledger.Type.ADJUST,
        topic="points/adjusted",
        description=call.body.description,
        key=call.key,
    )


def _is_repeat(call: Call[MovePoints, None]) -> bool:
    """Whether this repeats a request that came while its times still lay ahead."""
    key = call.key
    before = IdempotencyRecord.objects.for_business(call.business)
    return key is not None and before.filter(scope=key.scope, key=key.text).exists()
