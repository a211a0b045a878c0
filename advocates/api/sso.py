"""Single sign-on: the signature is the proof, so the customer's browser itself may call; and ids mapped to people."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.http import HttpRequest

from advocates.api import examples
from advocates.api.shapes import MappingAnswer, MappingPage, MappingShape
from advocates.models import SsoMapping
from advocates.services import mappings, sso
from loyalty.api import limits, parsing, types
from loyalty.api.authentication import Caller
from loyalty.api.examples import BUSINESS_ID
from loyalty.api.paging import PageQuery, page_by_cursor
from loyalty.api.parsing import Body
from loyalty.api.types import EmailText, ExternalId
from loyalty.api.views import Call, KeyView, OpenView, Shape, operation
from loyalty.kernel.errors import Code


class SignedCustomer(Body):
    business_id: Annotated[str, msgspec.Meta(max_length=64)]
    external_customer_id: ExternalId
    timestamp: int
    signature: Annotated[str, msgspec.Meta(max_length=128)]
    email: EmailText | None = None
    name: Annotated[str, msgspec.Meta(max_length=200)] | None = None

    def claim(self) -> sso.Claim:
        return sso.Claim(
            business_id=self.business_id,
            external_id=self.external_customer_id,
            timestamp=self.timestamp,
            signature=self.signature,
            email=self.email,
            name=self.name,
        )


class ListMappings(PageQuery):
    external_customer_id: ExternalId | None = None
    advocate_id: UUID | None = None


class NewMapping(Body):
    advocate_id: UUID
    external_customer_id: ExternalId
    external_email: EmailText | None = None
    external_name: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class Mappings(KeyView):
    @operation(
        "List SSO mappings",
        query=ListMappings,
        answer=MappingPage,
        tags=("sso",),
    )
    def get(self, call: Call[None, ListMappings]) -> MappingPage:
        query = call.query
        filters = {"external_customer_id": query.external_customer_id, "advocate_id": query.advocate_id}
        rows = SsoMapping.objects.for_business(call.business)
        rows = rows.filter(**{name: value for name, value in filters.items() if value is not None})
        page = page_by_cursor(rows, query, business=call.business)
        return MappingPage(mappings=[MappingShape.of(row) for row in page.items], next_cursor=page.next_cursor)

    @operation(
        "Map one more external id to an advocate",
        body=NewMapping,
        answer=MappingAnswer,
        status=201,
        errors=(Code.CONFLICT, Code.NOT_FOUND),
        tags=("sso",),
        description="From now on the id means this advocate, in sign-ons and wherever an external id is taken.",
        example={name: examples.MAPPING[name] for name in examples.MAPPING if name not in ("id", "createdAt")},
    )
    def post(self, call: Call[NewMapping, None]) -> MappingAnswer:
        body = call.body
        mapping = mappings.create(
            business=call.business,
            advocate_id=body.advocate_id,
            external_customer_id=body.external_customer_id,
            external_email=types.email(body.external_email, field="externalEmail") if body.external_email else "",
            external_name=body.external_name or "",
        )
        return MappingAnswer(mapping=MappingShape.of(mapping))


class RecognizedCustomer(Shape):
    example = examples.RECOGNIZED

    advocate_id: UUID
    session_token: str


class Recognize(OpenView):
    def authenticate_caller(self, request: HttpRequest) -> tuple[Caller | None, Any]:
        """The business, once the signature holds; until then the call counts against the address."""
        self.declared(request)  # before anybody asks for a signature
        body = parsing.to_struct(parsing.read_json(request), SignedCustomer)
        business = sso.check(body.claim(), origin=request.headers.get("Origin"))
        plan = business.plan
        windows = limits.for_business(business.pk, plan.calls_per_minute, plan.calls_per_day)
        return Caller(business, "user", frozenset(), "sso"), windows

    @operation(
        "Trade a signed customer for a user token",
        body=SignedCustomer,
        answer=RecognizedCustomer,
        idempotency="none",
        tags=("advocates",),
        errors=(Code.UNAUTHENTICATED,),
        description=(
            "`signature` is the lower-case hex HMAC-SHA256, under the business's SSO secret, of "
            "`businessId:externalCustomerId:timestamp`, and `:email:name` if these are sent. `timestamp` "
            "is in epoch seconds, at most 300 from now. Each signature is accepted once. A customer who "
            "is not known yet joins the programme."
        ),
        example={
            "businessId": BUSINESS_ID,
            "externalCustomerId": "customer-42",
            "timestamp": 1767225600,
            "signature": "5f0c1f5a4c9f2f7b8f0a6e3d2c1b0a99887766554433221100ffeeddccbbaa00",
        },
    )
    def post(self, call: Call[SignedCustomer, None]) -> RecognizedCustomer:
        recognized = sso.sign_in(business=call.business, claim=call.body.claim())
        return RecognizedCustomer(advocate_id=recognized.advocate_id, session_token=recognized.token)
