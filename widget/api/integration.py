"""The hosted page for one user, as an address that their browser can open."""

from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings

from advocates.services import advocates
from loyalty.api.parsing import Body
from loyalty.api.views import Call, IntegrationView, Shape, operation
from loyalty.kernel.errors import Code
from loyalty.services import tokens


class Place(Body):
    section: Literal["home", "missions", "rewards", "coupons", "history", "referrals", "tap"] | None = None
    item: UUID | None = None

    def as_query(self) -> str:
        given = {"section": self.section, "item": self.item}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return f"?{query}" if query else ""


class AddressShape(Shape):
    example = {"url": "https://laurel.example/w/acme-coffee?section=rewards#t=eyJhbGciOiJFZERTQSJ9"}

    url: str


class WidgetUrl(IntegrationView):
    @operation(
        "Make a user's widget address",
        query=Place,
        answer=AddressShape,
        errors=(Code.CONFLICT,),
        tags=("users",),
        description=(
            "Open it in a frame or a tab. The token behind `#t=` lives a day, and no server sees it. "
            "`section` and `item` (a reward's id, or a mission's) say where it opens. An unknown user joins."
        ),
    )
    def get(self, call: Call[None, Place], external_id: str) -> AddressShape:
        advocate = advocates.find_or_create_by_external_id(business=call.business, external_id=external_id)
        token = tokens.issue(business=call.business, account_id=advocate.pk)
        page = f"{settings.PUBLIC_URL}/w/{call.business.slug}{call.query.as_query()}"
        return AddressShape(url=f"{page}#t={token}")
