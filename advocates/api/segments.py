"""A merchant's own groups of people, told by whom they hold."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from advocates.api.batches import MAX_BATCH
from advocates.selectors import identity
from loyalty.api import types
from loyalty.api.parsing import Body
from loyalty.api.views import Call, IntegrationView, operation
from loyalty.kernel.errors import Invalid
from loyalty.selectors.segments import live_keys
from loyalty.services import segments
from loyalty.services.segments import Move

Keys = Annotated[list[types.Key], Meta(max_length=50)]


class Membership(Body):
    user_id: types.ExternalId
    segments: Keys = []
    remove: Keys = []


Memberships = Annotated[list[Membership], Meta(min_length=1, max_length=1000)]


class SegmentUsers(IntegrationView):
    max_body = MAX_BATCH

    @operation(
        "Put up to 1,000 users into segments, and take them out",
        body=Memberships,
        tags=("segments",),
        example=[{"userId": "customer-1815", "segments": ["beta"], "remove": ["newcomers"]}],
        description=(
            "All of it, or nothing: property names what is wrong, such as 3.segments. Other segments of a user stay. "
            "Of a user who is named twice the last word counts."
        ),
    )
    def post(self, call: Call[list[Membership], None]) -> None:
        said = call.body
        people = identity.ids_by_external_id(business=call.business, external_ids=[each.user_id for each in said])
        known = live_keys(business=call.business)
        moves = [_move(f"{index}", each, people, known) for index, each in enumerate(said)]
        segments.move(business=call.business, moves=moves)


def _move(place: str, said: Membership, people: dict[str | None, UUID], known: set[str]) -> Move:
    """:raises Invalid: naming the place of the item, and what is wrong with it"""
    account_id = people.get(said.user_id)
    if account_id is None:
        raise Invalid("There is no such user. Create them first.", field=f"{place}.userId")
    for name, keys in (("segments", said.segments), ("remove", said.remove)):
        unknown = next((key for key in keys if key not in known), None)
        if unknown is not None:
            raise Invalid(f"The programme has no segment {unknown}.", field=f"{place}.{name}")
    both = next((key for key in said.remove if key in said.segments), None)
    if both is not None:
        raise Invalid(f"Put the user into {both}, or take them out.", field=f"{place}.remove")
    return Move(account_id, frozenset(said.segments), frozenset(said.remove))
