"""The Platform API: the memberships of a customer, given and taken by their keys."""

from datetime import datetime
from typing import Self

from advocates.api import examples
from advocates.api.customers import known
from loyalty.api import types
from loyalty.api.parsing import Body
from loyalty.api.views import Call, KeyView, Shape, operation
from loyalty.kernel.errors import Code
from loyalty.models import SegmentMember
from loyalty.selectors import segments
from loyalty.services import memberships


class MembershipBody(Body):
    """No `endsAt`: as long as the membership lasts."""

    ends_at: types.Timestamp | None = None


class MembershipShape(Shape):
    example = examples.MEMBERSHIP

    key: str
    title: str
    perks: list[str]
    joined_at: datetime
    ends_at: datetime | None

    @classmethod
    def of(cls, member: SegmentMember) -> Self:
        segment = member.segment
        return cls(
            key=segment.key,
            title=segment.title,
            perks=segment.perks,
            joined_at=member.joined_at,
            ends_at=member.ends_at,
        )


class MembershipAnswer(Shape):
    membership: MembershipShape


class MembershipList(Shape):
    memberships: list[MembershipShape]


class Memberships(KeyView):
    @operation("List a customer's memberships", answer=MembershipList)
    def get(self, call: Call[None, None], external_id: str) -> MembershipList:
        customer = known(call.business, external_id)
        found = segments.memberships_of(business=call.business, account_id=customer.pk)
        return MembershipList(memberships=[MembershipShape.of(each) for each in found])


class OneMembership(KeyView):
    @operation(
        "Give a customer a membership, or let them have it for longer",
        body=MembershipBody,
        answer=MembershipAnswer,
        errors=(Code.NOT_FOUND, Code.CONFLICT),
        example={"endsAt": "2027-06-30T22:00:00Z"},
        description="Who joins first is given what that brings, once. Without endsAt it lasts as the programme says, "
        "from now on; where it would have lasted for longer, it still does.",
    )
    def put(self, call: Call[MembershipBody, None], external_id: str, key: str) -> MembershipAnswer:
        member = memberships.join(
            business=call.business,
            account_id=known(call.business, external_id).pk,
            key=key,
            ends_at=call.body.ends_at,
        )
        return MembershipAnswer(membership=MembershipShape.of(member))

    @operation("Take a membership away", status=204, description="What joining it has brought stays.")
    def delete(self, call: Call[None, None], external_id: str, key: str) -> None:
        customer = known(call.business, external_id)
        memberships.leave(business=call.business, account_id=customer.pk, key=key)
