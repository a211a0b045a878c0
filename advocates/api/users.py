"""A user as a merchant's backend sees them: who they are, what they have, and what happened to them."""

from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from advocates.api import named
from advocates.api.examples import USER, USER_TIER
from advocates.api.v1 import PersonalDetails, details_of
from advocates.models import Advocate
from advocates.services import advocates
from advocates.services.details import Details
from loyalty.api import types
from loyalty.api.audience_shapes import PayloadShape
from loyalty.api.examples import HISTORY_ITEM
from loyalty.api.paging import PageQuery, page_by_cursor
from loyalty.api.parsing import to_struct
from loyalty.api.views import Call, IntegrationView, Shape, operation
from loyalty.kernel.errors import Code
from loyalty.models import Business
from loyalty.selectors import journal, ladders, segments, tiers
from loyalty.services import wallets
from loyalty.services.ledger import POINTS

TAGS = ("users",)


class UserDetails(PersonalDetails):
    email: types.EmailText | UnsetType = UNSET


class UserShape(Shape):
    example = USER

    user_id: str
    advocate_id: UUID
    created_at: datetime
    tier: str | None
    segments: list[str]


class NextTier(Shape):
    key: str
    title: str
    threshold: int


class TierProgress(Shape):
    """What counts on the way to the next tier, and what it takes: null on the highest."""

    value: int
    target: int | None


class UserTier(Shape):
    example = USER_TIER

    key: str | None
    title: str | None
    next: NextTier | None
    progress: TierProgress


class UserBalance(Shape):
    """`tier` is null where the programme has no tiers."""

    example = {"balance": 750, "pending": 50, "metrics": {"points": 750}}

    balance: int
    pending: int
    metrics: dict[str, int]
    tier: UserTier | None


class HistoryEvent(Shape):
    example = HISTORY_ITEM

    id: UUID
    type: str
    created_at: datetime
    payload: PayloadShape

    @classmethod
    def of(cls, item: journal.Item) -> "HistoryEvent":
        payload = msgspec.convert(item.payload, PayloadShape)
        return cls(id=item.id, type=item.type, created_at=item.at, payload=payload)


class UserHistory(Shape):
    history: list[HistoryEvent]
    next_cursor: str | None


class User(IntegrationView):
    @operation("Read a user", answer=UserShape, tags=TAGS)
    def get(self, call: Call[None, None], external_id: str) -> UserShape:
        return _shown(call.business, named.settled_user(call, external_id), external_id)

    @operation(
        "Create or change a user",
        body=UserDetails,
        answer=UserShape,
        errors=(Code.CONFLICT,),
        tags=TAGS,
        example={"name": "Ada Lovelace", "locale": "en", "metadata": {"source": "store"}},
        description="What is left out stays as it is. 409 when another user has the e-mail address.",
    )
    def put(self, call: Call[UserDetails, None], external_id: str) -> UserShape:
        name = to_struct(external_id, types.ExternalId)
        given = cast("Details", details_of(call.body))  # the service's names
        put = advocates.put_by_external_id(business=call.business, external_id=name, given=given)
        return _shown(call.business, put, name)


class Balance(IntegrationView):
    @operation("Read a user's balance and tier", answer=UserBalance, tags=TAGS)
    def get(self, call: Call[None, None], external_id: str) -> UserBalance:
        user = named.user(call, external_id)
        held = wallets.all_of(business=call.business, account_id=user.pk)
        return UserBalance(
            balance=held[POINTS].amount,
            pending=held[POINTS].pending,
            metrics={key: wallet.amount for key, wallet in held.items()},
            tier=_tier(call.business, user),
        )


class History(IntegrationView):
    @operation(
        "List what happened to a user, newest first",
        query=PageQuery,
        answer=UserHistory,
        tags=TAGS,
        description="The types and payloads are those of the Loyalty API's history.",
    )
    def get(self, call: Call[None, PageQuery], external_id: str) -> UserHistory:
        user = named.settled_user(call, external_id)
        rows = journal.events_of(business=call.business, account_id=user.pk)
        page = page_by_cursor(rows, call.query, business=call.business, order=("-sequence",))
        found = journal.items(page.items, business=call.business)
        return UserHistory(history=[HistoryEvent.of(item) for item in found], next_cursor=page.next_cursor)


def _shown(business: Business, user: Advocate, name: str) -> UserShape:
    tier = next((tier for tier in tiers.tiers_of(business) if tier.id == user.account.tier_id), None)
    keys = segments.keys_of(business=business, account_ids=[user.pk])
    return UserShape(
        user_id=name,
        advocate_id=user.pk,
        created_at=user.created_at,
        tier=tier.key if tier else None,
        segments=list(keys.get(user.pk, ())),
    )


def _tier(business: Business, user: Advocate) -> UserTier | None:
    places = ladders.places(business=business, account_id=user.pk)
    place = next((place for place in places if place.is_tier), None)
    if place is None:
        return None
    upcoming = None
    if place.next is not None:
        assert place.next_title is not None and place.next_threshold is not None  # noqa: PT018  # one step has all three
        upcoming = NextTier(key=place.next, title=place.next_title, threshold=place.next_threshold)
    return UserTier(
        key=place.milestone,
        title=place.milestone_title,
        next=upcoming,
        progress=TierProgress(value=place.value, target=place.next_threshold),
    )
